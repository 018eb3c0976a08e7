import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  DeleteInternetGatewayCommand,
  DescribeInternetGatewaysCommand,
  DetachInternetGatewayCommand,
  type EC2Client,
  type InternetGateway,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry, waitFor } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import type { Session } from './session.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({ ...tagged, vpcId: z.string().optional() });

/** Seconds. */
const timeouts = { attach: 1200, detach: 1200, delete: 1200 };
const gone = 'InvalidInternetGatewayID.NotFound';

export const internetGateway = awsType<typeof inputs.shape>({
  inputs,
  computed: ['arn', 'ownerId', 'tagsAll', 'vpcId'],
  changes: { region: 'replace' },
  async create(session, { vpcId, tags }, made) {
    const command = new CreateInternetGatewayCommand({
      TagSpecifications: tagSpecifications('internet-gateway', tags),
    });
    const reply = await doing('creating EC2 Internet Gateway', session.ec2.send(command));
    const id = required(reply.InternetGateway?.InternetGatewayId, 'InternetGatewayId');
    made(id);
    if (vpcId !== undefined) await attach(session, id, vpcId);
  },
  async read({ ec2, settings }, id) {
    const found = await find(ec2, id);
    if (!found) return undefined;
    return {
      ...tagOutputs(found.Tags),
      arn: arnOf(settings, found.OwnerId, `internet-gateway/${id}`),
      ownerId: found.OwnerId,
      vpcId: found.Attachments?.[0]?.VpcId ?? '',
    };
  },
  async update(session, id, { vpcId, tags }, old) {
    if (vpcId !== undefined && vpcId !== old.vpcId) {
      await detach(session, id, old.vpcId);
      await attach(session, id, vpcId);
    }
    await retag(session.ec2, id, tags, old.tags);
  },
  async remove(session, id, { vpcId }) {
    const { ec2, settings } = session;
    await detach(session, id, vpcId);
    const remove = async () => {
      await unlessGone(ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id })), gone);
    };
    const busy = (error: unknown) => isCode(error, 'DependencyViolation');
    await doing(`deleting EC2 Internet Gateway (${id})`, retry(remove, busy, timeouts.delete, settings));
  },
});

async function find(ec2: EC2Client, id: string): Promise<InternetGateway | undefined> {
  const reply = ec2.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }));
  return (await unlessGone(reply, gone))?.InternetGateways?.[0];
}

async function attach({ ec2, settings }: Session, id: string, vpcId: string): Promise<void> {
  const command = new AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpcId });
  const what = `attaching EC2 Internet Gateway (${id}) to VPC (${vpcId})`;
  const early = (error: unknown) => isCode(error, gone);
  await doing(
    what,
    retry(async () => void (await ec2.send(command)), early, timeouts.attach, settings),
  );
  const look = async () => (await find(ec2, id))?.Attachments?.find((each) => each.VpcId === vpcId)?.State;
  // AWS says "available" where its SDK has "attached".
  const wait = { pending: ['attaching'], target: 'available', look, timeout: timeouts.attach, poll: 0 };
  await waitFor(wait, settings);
}

/** Waits until no machine of the VPC has a public address any more. */
async function detach({ ec2, settings }: Session, id: string, vpcId: unknown): Promise<void> {
  if (typeof vpcId !== 'string' || vpcId === '') return;
  const command = new DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpcId });
  const remove = async () => void (await unlessGone(ec2.send(command), gone, 'Gateway.NotAttached'));
  const busy = (error: unknown) => isCode(error, 'DependencyViolation');
  const what = `detaching EC2 Internet Gateway (${id}) from VPC (${vpcId})`;
  await doing(what, retry(remove, busy, timeouts.detach, settings));
}
