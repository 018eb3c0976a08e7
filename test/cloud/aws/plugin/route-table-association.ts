import {
  AssociateRouteTableCommand,
  DescribeRouteTablesCommand,
  DisassociateRouteTableCommand,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry, waitFor } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { required } from './read.ts';
import type { Session } from './session.ts';

const inputs = z.strictObject({
  region: z.string().optional(),
  routeTableId: z.string(),
  subnetId: z.string().optional(),
});

/** Seconds. */
const timeout = 300;

/** The stock plugin moves an association to another table and gives it another id; here it is replaced. */
export const routeTableAssociation = awsType<typeof inputs.shape>({
  inputs,
  computed: [],
  changes: { region: 'replace', subnetId: 'replace', routeTableId: 'replace' },
  async create(session, { routeTableId, subnetId }, made) {
    const command = new AssociateRouteTableCommand({ RouteTableId: routeTableId, SubnetId: subnetId });
    let id: string | undefined;
    const associate = async () => {
      id = (await session.ec2.send(command)).AssociationId;
    };
    const early = (error: unknown) => isCode(error, 'InvalidRouteTableID.NotFound');
    await doing('creating Route Table Association', retry(associate, early, timeout, session.settings));
    const associated = required(id, 'AssociationId');
    made(associated);
    const look = async () => (await find(session, associated))?.AssociationState?.State ?? undefined;
    const wait = { pending: ['associating'], target: 'associated', look, timeout, poll: 0 };
    await waitFor(wait, session.settings);
  },
  async read(session, id) {
    const found = await find(session, id);
    return found && { routeTableId: found.RouteTableId, subnetId: found.SubnetId };
  },
  async remove({ ec2 }, id) {
    const command = new DisassociateRouteTableCommand({ AssociationId: id });
    await doing(
      `deleting Route Table Association (${id})`,
      unlessGone(ec2.send(command), 'InvalidAssociationID.NotFound'),
    );
  },
});

async function find({ ec2 }: Session, id: string) {
  const Filters = [{ Name: 'association.route-table-association-id', Values: [id] }];
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return RouteTables.flatMap(({ Associations = [] }) => Associations).find(
    (each) => each.RouteTableAssociationId === id,
  );
}
