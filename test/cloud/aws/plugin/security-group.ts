import {
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({
  ...tagged,
  name: z.string(),
  description: z.string().optional(),
  vpcId: z.string().optional(),
  revokeRulesOnDelete: z.boolean().optional(),
});

/** Seconds. */
const deleteTimeout = 900;
const gone = ['InvalidGroup.NotFound', 'InvalidSecurityGroupID.NotFound', 'InvalidGroupId.Malformed'];

/** What AWS allows every new group of a VPC, and the stock plugin takes away: rules are resources of their own. */
const everything: readonly IpPermission[] = [
  { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
  { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
];

/** Rules are resources of their own: the inputs `ingress` and `egress` are not served. */
export const securityGroup = awsType<typeof inputs.shape>({
  inputs,
  computed: ['arn', 'egress', 'ingress', 'namePrefix', 'ownerId', 'tagsAll', 'vpcId'],
  changes: { region: 'replace', name: 'replace', description: 'replace', vpcId: 'replace' },
  defaults: { description: 'Managed by Pulumi', revokeRulesOnDelete: false },
  autoName: { property: 'name', longest: 255 },
  problems: ({ name }) =>
    typeof name === 'string' && name.startsWith('sg-') ? { name: 'cannot begin with sg-' } : {},
  async create({ ec2 }, { name, description = '', vpcId, tags }, made) {
    const command = new CreateSecurityGroupCommand({
      GroupName: name,
      Description: description,
      VpcId: vpcId,
      TagSpecifications: tagSpecifications('security-group', tags),
    });
    const reply = await doing(`creating Security Group (${name})`, ec2.send(command));
    const id = required(reply.GroupId, 'GroupId');
    made(id);
    for (const permission of everything) {
      const revoke = new RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: [permission] });
      await doing(
        `revoking default egress rule for Security Group (${id})`,
        unlessGone(ec2.send(revoke), 'InvalidPermission.NotFound', 'InvalidParameterValue'),
      );
    }
  },
  async read({ ec2, settings }, id) {
    const found = await find(ec2, id);
    if (!found) return undefined;
    return {
      ...tagOutputs(found.Tags),
      arn: arnOf(settings, found.OwnerId, `security-group/${id}`),
      name: found.GroupName,
      namePrefix: '',
      description: found.Description,
      vpcId: found.VpcId,
      ownerId: found.OwnerId,
      ingress: (found.IpPermissions ?? []).map((each) => shown(each, id)),
      egress: (found.IpPermissionsEgress ?? []).map((each) => shown(each, id)),
    };
  },
  async update({ ec2 }, id, { tags }, old) {
    await retag(ec2, id, tags, old.tags);
  },
  async remove({ ec2, settings }, id, { revokeRulesOnDelete }) {
    if (revokeRulesOnDelete === true) await revokeAll(ec2, id);
    const remove = async () => {
      await unlessGone(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })), ...gone);
    };
    const busy = (error: unknown) => isCode(error, 'DependencyViolation', 'InvalidGroup.InUse');
    await doing(`deleting Security Group (${id})`, retry(remove, busy, deleteTimeout, settings));
  },
});

async function find(ec2: EC2Client, id: string): Promise<SecurityGroup | undefined> {
  const reply = ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }));
  return (await unlessGone(reply, ...gone))?.SecurityGroups?.[0];
}

async function revokeAll(ec2: EC2Client, id: string): Promise<void> {
  const { IpPermissions = [], IpPermissionsEgress = [] } = (await find(ec2, id)) ?? {};
  if (IpPermissions.length > 0)
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions }));
  if (IpPermissionsEgress.length > 0)
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: IpPermissionsEgress }));
}

function shown(permission: IpPermission, self: string) {
  const { IpRanges = [], Ipv6Ranges = [], UserIdGroupPairs = [], PrefixListIds = [] } = permission;
  const groups = UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? []);
  return {
    protocol: permission.IpProtocol,
    fromPort: permission.FromPort ?? 0,
    toPort: permission.ToPort ?? 0,
    cidrBlocks: IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []),
    ipv6CidrBlocks: Ipv6Ranges.flatMap(({ CidrIpv6 }) => CidrIpv6 ?? []),
    prefixListIds: PrefixListIds.flatMap(({ PrefixListId }) => PrefixListId ?? []),
    securityGroups: groups.filter((each) => each !== self),
    self: groups.includes(self),
  };
}
