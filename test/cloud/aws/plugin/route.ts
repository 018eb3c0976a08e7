import { crc32 } from 'node:zlib';
import {
  CreateRouteCommand,
  DeleteRouteCommand,
  type EC2Client,
  ReplaceRouteCommand,
  type Route,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { findRouteTable } from './route-table.ts';

const inputs = z.strictObject({
  region: z.string().optional(),
  routeTableId: z.string(),
  destinationCidrBlock: z.string().optional(),
  destinationIpv6CidrBlock: z.string().optional(),
  gatewayId: z.string().optional(),
  networkInterfaceId: z.string().optional(),
});
type Inputs = z.output<typeof inputs>;

/** What tells a route from others; its id is no use for that. */
const Key = z.object({
  routeTableId: z.string(),
  destinationCidrBlock: z.string().optional(),
  destinationIpv6CidrBlock: z.string().optional(),
});

/** Seconds. */
const createTimeout = 300;

export const route = awsType<typeof inputs.shape>({
  inputs,
  computed: ['instanceId', 'instanceOwnerId', 'networkInterfaceId', 'origin', 'state'],
  changes: {
    region: 'replace',
    routeTableId: 'replace',
    destinationCidrBlock: 'replace',
    destinationIpv6CidrBlock: 'replace',
  },
  problems: ({ destinationCidrBlock, destinationIpv6CidrBlock, gatewayId, networkInterfaceId }) => ({
    ...((destinationCidrBlock === undefined) === (destinationIpv6CidrBlock === undefined) && {
      destinationCidrBlock: 'exactly one of destinationCidrBlock, destinationIpv6CidrBlock must be specified',
    }),
    ...((gatewayId === undefined) === (networkInterfaceId === undefined) && {
      gatewayId: 'exactly one of gatewayId, networkInterfaceId must be specified',
    }),
  }),
  async create({ ec2, settings }, wanted, made) {
    const { routeTableId } = wanted;
    const destination = wanted.destinationCidrBlock ?? wanted.destinationIpv6CidrBlock ?? '';
    const what = `creating Route in Route Table (${routeTableId}) with destination (${destination})`;
    if (await find(ec2, wanted)) throw new Error(`${what}: it is there already`);
    const early = (error: unknown) => isCode(error, 'InvalidParameterException', 'InvalidGatewayID.NotFound');
    const create = async () => void (await ec2.send(new CreateRouteCommand(request(wanted))));
    await doing(what, retry(create, early, createTimeout, settings));
    made(`r-${routeTableId}${crc32(destination)}`);
  },
  async read({ ec2 }, _id, known) {
    const found = await find(ec2, Key.parse(known));
    return (
      found && {
        gatewayId: found.GatewayId ?? '',
        networkInterfaceId: found.NetworkInterfaceId ?? '',
        instanceId: found.InstanceId ?? '',
        instanceOwnerId: found.InstanceOwnerId ?? '',
        origin: found.Origin,
        state: found.State,
      }
    );
  },
  async update({ ec2 }, id, wanted) {
    await doing(`updating Route (${id})`, ec2.send(new ReplaceRouteCommand(request(wanted))));
  },
  async remove({ ec2 }, id, known) {
    const { routeTableId, destinationCidrBlock, destinationIpv6CidrBlock } = Key.parse(known);
    const command = new DeleteRouteCommand({
      RouteTableId: routeTableId,
      DestinationCidrBlock: destinationCidrBlock,
      DestinationIpv6CidrBlock: destinationIpv6CidrBlock,
    });
    await doing(
      `deleting Route (${id})`,
      unlessGone(ec2.send(command), 'InvalidRoute.NotFound', 'InvalidRouteTableID.NotFound'),
    );
  },
});

function request(wanted: Inputs) {
  return {
    RouteTableId: wanted.routeTableId,
    DestinationCidrBlock: wanted.destinationCidrBlock,
    DestinationIpv6CidrBlock: wanted.destinationIpv6CidrBlock,
    GatewayId: wanted.gatewayId,
    NetworkInterfaceId: wanted.networkInterfaceId,
  };
}

async function find(ec2: EC2Client, key: z.output<typeof Key>): Promise<Route | undefined> {
  const { routeTableId, destinationCidrBlock: v4, destinationIpv6CidrBlock: v6 } = key;
  const routes = (await findRouteTable(ec2, routeTableId))?.Routes ?? [];
  return routes.find((each) =>
    v4 === undefined ? each.DestinationIpv6CidrBlock === v6 : each.DestinationCidrBlock === v4,
  );
}
