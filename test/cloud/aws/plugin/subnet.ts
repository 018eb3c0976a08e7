import {
  CreateSubnetCommand,
  DeleteSubnetCommand,
  DescribeSubnetsCommand,
  type EC2Client,
  ModifySubnetAttributeCommand,
  type Subnet,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry, waitFor } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import type { Session } from './session.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({
  ...tagged,
  vpcId: z.string(),
  cidrBlock: z.string().optional(),
  availabilityZone: z.string().optional(),
  mapPublicIpOnLaunch: z.boolean().optional(),
});

/** Seconds. */
const timeouts = { create: 600, attribute: 300, delete: 1200 };

export const subnet = awsType<typeof inputs.shape>({
  inputs,
  computed: [
    'arn',
    'availabilityZone',
    'availabilityZoneId',
    'ipv6CidrBlockAssociationId',
    'ownerId',
    'tagsAll',
  ],
  changes: { region: 'replace', vpcId: 'replace', cidrBlock: 'replace', availabilityZone: 'replace' },
  defaults: { mapPublicIpOnLaunch: false },
  async create(session, { vpcId, cidrBlock, availabilityZone, mapPublicIpOnLaunch, tags }, made) {
    const { ec2, settings } = session;
    const command = new CreateSubnetCommand({
      VpcId: vpcId,
      CidrBlock: cidrBlock,
      AvailabilityZone: availabilityZone,
      TagSpecifications: tagSpecifications('subnet', tags),
    });
    const id = required((await doing('creating EC2 Subnet', ec2.send(command))).Subnet?.SubnetId, 'SubnetId');
    made(id);
    const look = async () => (await find(ec2, id))?.State;
    await waitFor(
      { pending: ['pending'], target: 'available', look, timeout: timeouts.create, poll: 0 },
      settings,
    );
    if (mapPublicIpOnLaunch) await mapPublicIps(session, id, true);
  },
  async read({ ec2, settings }, id) {
    const found = await find(ec2, id);
    if (!found) return undefined;
    return {
      ...tagOutputs(found.Tags),
      arn: found.SubnetArn ?? arnOf(settings, found.OwnerId, `subnet/${id}`),
      vpcId: found.VpcId,
      cidrBlock: found.CidrBlock,
      availabilityZone: found.AvailabilityZone,
      availabilityZoneId: found.AvailabilityZoneId,
      ipv6CidrBlockAssociationId: found.Ipv6CidrBlockAssociationSet?.[0]?.AssociationId ?? '',
      mapPublicIpOnLaunch: found.MapPublicIpOnLaunch,
      ownerId: found.OwnerId,
    };
  },
  async update(session, id, { mapPublicIpOnLaunch = false, tags }, old) {
    if (mapPublicIpOnLaunch !== old.mapPublicIpOnLaunch) await mapPublicIps(session, id, mapPublicIpOnLaunch);
    await retag(session.ec2, id, tags, old.tags);
  },
  async remove({ ec2, settings }, id) {
    const remove = async () => {
      await unlessGone(ec2.send(new DeleteSubnetCommand({ SubnetId: id })), 'InvalidSubnetID.NotFound');
    };
    const busy = (error: unknown) => isCode(error, 'DependencyViolation');
    await doing(`deleting EC2 Subnet (${id})`, retry(remove, busy, timeouts.delete, settings));
  },
});

async function find(ec2: EC2Client, id: string): Promise<Subnet | undefined> {
  const reply = ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id] }));
  return (await unlessGone(reply, 'InvalidSubnetID.NotFound'))?.Subnets?.[0];
}

async function mapPublicIps({ ec2, settings }: Session, id: string, wanted: boolean): Promise<void> {
  const command = new ModifySubnetAttributeCommand({ SubnetId: id, MapPublicIpOnLaunch: { Value: wanted } });
  await doing(`setting EC2 Subnet (${id}) MapPublicIpOnLaunch`, ec2.send(command));
  const look = async () => String((await find(ec2, id))?.MapPublicIpOnLaunch);
  const change = { pending: [String(!wanted)], target: String(wanted), look };
  await waitFor({ ...change, timeout: timeouts.attribute, delay: 10, poll: 3 }, settings);
}
