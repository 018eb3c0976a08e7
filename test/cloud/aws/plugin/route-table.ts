import { randomUUID } from 'node:crypto';
import {
  CreateRouteTableCommand,
  DeleteRouteTableCommand,
  DescribeRouteTablesCommand,
  DisassociateRouteTableCommand,
  type EC2Client,
  type RouteTable,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({ ...tagged, vpcId: z.string() });

/** Seconds. */
const deleteTimeout = 300;
const gone = 'InvalidRouteTableID.NotFound';

/** Routes are resources of their own: the input `routes` is not served. */
export const routeTable = awsType<typeof inputs.shape>({
  inputs,
  computed: ['arn', 'ownerId', 'propagatingVgws', 'routes', 'tagsAll'],
  changes: { region: 'replace', vpcId: 'replace' },
  async create({ ec2 }, { vpcId, tags }, made) {
    const command = new CreateRouteTableCommand({
      ClientToken: randomUUID(),
      VpcId: vpcId,
      TagSpecifications: tagSpecifications('route-table', tags),
    });
    const reply = await doing('creating Route Table', ec2.send(command));
    made(required(reply.RouteTable?.RouteTableId, 'RouteTableId'));
  },
  async read({ ec2, settings }, id) {
    const found = await findRouteTable(ec2, id);
    if (!found) return undefined;
    // What is there by itself is not shown.
    const routes = (found.Routes ?? []).filter(({ Origin }) => Origin === 'CreateRoute');
    return {
      ...tagOutputs(found.Tags),
      arn: arnOf(settings, found.OwnerId, `route-table/${id}`),
      ownerId: found.OwnerId,
      vpcId: found.VpcId,
      propagatingVgws: (found.PropagatingVgws ?? []).map(({ GatewayId }) => GatewayId),
      routes: routes.map((each) => ({ cidrBlock: each.DestinationCidrBlock, gatewayId: each.GatewayId })),
    };
  },
  async update({ ec2 }, id, { tags }, old) {
    await retag(ec2, id, tags, old.tags);
  },
  async remove({ ec2, settings }, id) {
    for (const { RouteTableAssociationId, Main } of (await findRouteTable(ec2, id))?.Associations ?? []) {
      const command = new DisassociateRouteTableCommand({ AssociationId: RouteTableAssociationId });
      if (!Main) await unlessGone(ec2.send(command), 'InvalidAssociationID.NotFound');
    }
    const remove = async () => {
      await unlessGone(ec2.send(new DeleteRouteTableCommand({ RouteTableId: id })), gone);
    };
    const busy = (error: unknown) => isCode(error, 'DependencyViolation');
    await doing(`deleting Route Table (${id})`, retry(remove, busy, deleteTimeout, settings));
  },
});

export async function findRouteTable(ec2: EC2Client, id: string): Promise<RouteTable | undefined> {
  const reply = ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [id] }));
  return (await unlessGone(reply, gone))?.RouteTables?.[0];
}
