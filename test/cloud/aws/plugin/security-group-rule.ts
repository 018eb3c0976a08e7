import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupRulesCommand,
  type EC2Client,
  type IpPermission,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { awsType } from './aws-type.ts';
import { doing, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({
  ...tagged,
  securityGroupId: z.string(),
  ipProtocol: z.string(),
  fromPort: z.number().int().min(-1).max(65_535).optional(),
  toPort: z.number().int().min(-1).max(65_535).optional(),
  description: z.string().optional(),
  cidrIpv4: z.string().optional(),
  cidrIpv6: z.string().optional(),
  prefixListId: z.string().optional(),
  referencedSecurityGroupId: z.string().optional(),
});
type Inputs = z.output<typeof inputs>;

const sources = ['cidrIpv4', 'cidrIpv6', 'prefixListId', 'referencedSecurityGroupId'] as const;

type Direction = 'Ingress' | 'Egress';

/** Another source of the same kind changes a rule in place, one of another kind replaces it. */
const otherKind = (old: unknown, value: unknown) => (old === undefined) !== (value === undefined);

export function securityGroupRule(direction: Direction) {
  const called = `VPC Security Group ${direction} Rule`;
  return awsType<typeof inputs.shape>({
    inputs,
    computed: ['arn', 'securityGroupRuleId', 'tagsAll'],
    changes: {
      region: 'replace',
      securityGroupId: 'replace',
      cidrIpv4: otherKind,
      cidrIpv6: otherKind,
      prefixListId: otherKind,
      referencedSecurityGroupId: otherKind,
    },
    problems,
    async create({ ec2 }, wanted, made) {
      const reply = await doing(`creating ${called}`, authorize(ec2, direction, wanted));
      made(required(reply.SecurityGroupRules?.[0]?.SecurityGroupRuleId, 'SecurityGroupRuleId'));
    },
    async read({ ec2, settings }, id, known) {
      const found = await find(ec2, id);
      if (!found) return undefined;
      // -1 stands for no ports at all, which the program may have left out.
      const port = (key: string, value: number | undefined) =>
        value === -1 && known[key] === undefined ? {} : { [key]: value };
      return {
        ...tagOutputs(found.Tags),
        arn: arnOf(settings, found.GroupOwnerId, `security-group-rule/${id}`),
        securityGroupRuleId: id,
        securityGroupId: found.GroupId,
        ipProtocol: found.IpProtocol,
        ...port('fromPort', found.FromPort),
        ...port('toPort', found.ToPort),
        description: found.Description,
        cidrIpv4: found.CidrIpv4,
        cidrIpv6: found.CidrIpv6,
        prefixListId: found.PrefixListId,
        referencedSecurityGroupId: found.ReferencedGroupInfo?.GroupId,
      };
    },
    async update({ ec2 }, id, wanted, old) {
      const { tags, region: _, ...rule } = wanted;
      const changed = Object.entries(rule).some(([key, value]) => value !== old[key]);
      if (changed) await doing(`updating ${called} (${id})`, modify(ec2, id, wanted));
      await retag(ec2, id, tags, old.tags);
    },
    async remove({ ec2 }, id, { securityGroupId }) {
      const gone = ['InvalidGroup.NotFound', 'InvalidSecurityGroupRuleId.NotFound'];
      const revoked = revoke(ec2, direction, id, String(securityGroupId));
      await doing(`deleting ${called} (${id})`, unlessGone(revoked, ...gone));
    },
  });
}

function problems(wanted: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = sources.filter((source) => wanted[source] !== undefined);
  const ports = [wanted.fromPort, wanted.toPort].some((port) => port !== undefined && port !== -1);
  return {
    ...(given.length !== 1 && { [sources[0]]: `exactly one of ${sources.join(', ')} must be specified` }),
    ...(wanted.ipProtocol === '-1' &&
      ports && { fromPort: 'has no meaning with ipProtocol -1, all protocols' }),
  };
}

function authorize(ec2: EC2Client, direction: Direction, wanted: Inputs) {
  const request = {
    GroupId: wanted.securityGroupId,
    IpPermissions: [permission(wanted)],
    TagSpecifications: tagSpecifications('security-group-rule', wanted.tags),
  };
  return direction === 'Ingress'
    ? ec2.send(new AuthorizeSecurityGroupIngressCommand(request))
    : ec2.send(new AuthorizeSecurityGroupEgressCommand(request));
}

async function revoke(ec2: EC2Client, direction: Direction, id: string, group: string): Promise<void> {
  const request = { GroupId: group, SecurityGroupRuleIds: [id] };
  if (direction === 'Ingress') await ec2.send(new RevokeSecurityGroupIngressCommand(request));
  else await ec2.send(new RevokeSecurityGroupEgressCommand(request));
}

function permission({ description: Description, ...wanted }: Inputs): IpPermission {
  const { cidrIpv4, cidrIpv6, prefixListId, referencedSecurityGroupId } = wanted;
  return {
    IpProtocol: wanted.ipProtocol,
    FromPort: wanted.fromPort,
    ToPort: wanted.toPort,
    ...(cidrIpv4 !== undefined && { IpRanges: [{ CidrIp: cidrIpv4, Description }] }),
    ...(cidrIpv6 !== undefined && { Ipv6Ranges: [{ CidrIpv6: cidrIpv6, Description }] }),
    ...(prefixListId !== undefined && { PrefixListIds: [{ PrefixListId: prefixListId, Description }] }),
    ...(referencedSecurityGroupId !== undefined && {
      UserIdGroupPairs: [{ GroupId: referencedSecurityGroupId, Description }],
    }),
  };
}

function modify(ec2: EC2Client, id: string, wanted: Inputs) {
  const rule = {
    IpProtocol: wanted.ipProtocol,
    FromPort: wanted.fromPort,
    ToPort: wanted.toPort,
    Description: wanted.description,
    CidrIpv4: wanted.cidrIpv4,
    CidrIpv6: wanted.cidrIpv6,
    PrefixListId: wanted.prefixListId,
    ReferencedGroupId: wanted.referencedSecurityGroupId,
  };
  const SecurityGroupRules = [{ SecurityGroupRuleId: id, SecurityGroupRule: rule }];
  return ec2.send(
    new ModifySecurityGroupRulesCommand({ GroupId: wanted.securityGroupId, SecurityGroupRules }),
  );
}

async function find(ec2: EC2Client, id: string) {
  const reply = ec2.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }));
  return (await unlessGone(reply, 'InvalidSecurityGroupRuleId.NotFound'))?.SecurityGroupRules?.[0];
}
