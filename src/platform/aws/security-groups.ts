import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import type { Vpc } from '@pulumi/aws/ec2/vpc.js';
import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import type * as pulumi from '@pulumi/pulumi';
import { formatAddress } from '../../config/addresses.ts';
import type { ClusterPlan } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import { addressCount } from '../range.ts';
import type { Scope } from '../scope.ts';
import { anywhere } from './network.ts';
import { tagsOf } from './tags.ts';

/** What may reach the machines. */
export interface SecurityGroups {
  /** Of every machine of the cluster. */
  readonly members: SecurityGroup;
  /** Group → that of all its machines, for its published ports. */
  readonly groups: ReadonlyMap<string, SecurityGroup>;
  /** They let SSH in, members to each other, and members out. No machine is ever without them. */
  readonly rules: readonly pulumi.Resource[];
}

/** Whose they are. */
export interface Owner {
  /** The stack's name. */
  readonly stack: string;
  readonly options: Scope['options'];
}

export function createSecurityGroups(
  plan: ClusterPlan,
  vpc: Vpc,
  { sshFrom }: { readonly sshFrom: readonly string[] },
  { options }: Scope,
): SecurityGroups {
  const owner = { stack: plan.name, options };
  const members = createSecurityGroup(owner, vpc, { part: 'member', description: 'Every machine' });
  const names = [...new Set(plan.machines.map(({ group }) => group))];
  const groups = new Map(
    names.map((group) => {
      const what = { part: `group-${group}`, description: `Machines of the group ${group}` };
      return [group, createSecurityGroup(owner, vpc, what)];
    }),
  );
  const ranges = [...new Set(sshFrom.map(canonicalRange))];
  const rules = [
    ...ranges.map((cidrIpv4) => letIn(owner, members, `ssh-${cidrIpv4}`, { cidrIpv4, ...onPort(22) })),
    letIn(owner, members, 'member', { referencedSecurityGroupId: members.id, ipProtocol: everything }),
    letOut(owner, members, 'member', { cidrIpv4: anywhere }),
  ];
  return { members, groups, rules };
}

/** All protocols and ports. */
const everything = '-1';

export function onPort(port: number) {
  return { ipProtocol: 'tcp', fromPort: port, toPort: port };
}

/**
 * As AWS notes it: an address is a range of one, and bits behind the prefix are zero. Noted otherwise, each `up` would
 * find a difference.
 */
export function canonicalRange(source: string): string {
  const [address = '', length = '32'] = source.split('/');
  const size = addressCount({ prefixLength: Number(length) });
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return `${formatAddress(Math.floor(value / size) * size)}/${length}`;
}

/** Its rules are resources of their own, as the provider asks: one that changes leaves the others in force. */
export function createSecurityGroup(
  { stack, options }: Owner,
  { id: vpcId }: Vpc,
  { part, description }: { readonly part: string; readonly description: string },
): SecurityGroup {
  return new SecurityGroup(
    cloudName(stack, part),
    {
      vpcId,
      // Neither an apostrophe nor a dash of print is allowed here.
      description: `${description} of the Flotilla stack ${stack}`,
      tags: tagsOf(stack, part),
    },
    options,
  );
}

type Source = { readonly cidrIpv4: string } | { readonly referencedSecurityGroupId: pulumi.Input<string> };

export function letIn(
  { stack, options }: Owner,
  into: SecurityGroup,
  part: string,
  what: Source & { readonly ipProtocol: string; readonly fromPort?: number; readonly toPort?: number },
): SecurityGroupIngressRule {
  const name = cloudName(stack, part);
  return new SecurityGroupIngressRule(
    name,
    { securityGroupId: into.id, ...what, tags: tagsOf(stack, part) },
    options,
  );
}

export function letOut(
  { stack, options }: Owner,
  from: SecurityGroup,
  part: string,
  to: Source,
): SecurityGroupEgressRule {
  return new SecurityGroupEgressRule(
    cloudName(stack, part),
    {
      securityGroupId: from.id,
      ipProtocol: everything,
      ...to,
      tags: tagsOf(stack, part),
    },
    options,
  );
}
