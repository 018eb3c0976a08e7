import { Firewall } from '@pulumi/digitalocean/firewall.js';
import { Tag } from '@pulumi/digitalocean/tag.js';
import { Vpc } from '@pulumi/digitalocean/vpc.js';
import type * as pulumi from '@pulumi/pulumi';
import type { DigitaloceanSettings } from '../../config/digitalocean.ts';
import type { ClusterPlan } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import type { Scope } from '../scope.ts';

/** Where the machines are, and what may reach them. */
export interface Network {
  readonly vpc: Vpc;
  /** On every machine of the cluster: the firewall goes by it. */
  readonly members: Tag;
  /** Group → a tag that all its machines have. */
  readonly groups: ReadonlyMap<string, Tag>;
  /** Lets SSH in and members to each other. No machine is ever without it. */
  readonly firewall: Firewall;
}

/** Every port (terraform-provider-digitalocean, docs/resources/firewall.md). */
const everyPort = '1-65535';
export const anywhere = ['0.0.0.0/0', '::/0'];

export function createNetwork(
  plan: ClusterPlan,
  settings: DigitaloceanSettings,
  { options }: Scope,
): Network {
  const { region, sshFrom } = settings;
  const vpc = new Vpc(
    cloudName(plan.name),
    { region, ipRange: plan.network, description: `Flotilla's stack ${plan.name}` },
    // Neither can change: it would be another VPC, and with it other machines, all at once.
    { ...options, ignoreChanges: ['region', 'ipRange'] },
  );
  // By its name the firewall lets members in, so no other cluster of the account may have it.
  const members = new Tag(cloudName(plan.name, 'member'), {}, options);
  const names = [...new Set(plan.machines.map(({ group }) => group))];
  const groups = new Map(
    names.map((group) => [group, new Tag(cloudName(plan.name, `group-${group}`), {}, options)]),
  );
  const firewall = new Firewall(
    cloudName(plan.name),
    {
      tags: [members.name],
      inboundRules: [
        { protocol: 'tcp', portRange: '22', sourceAddresses: sshFrom },
        ...openTo({ sourceTags: [members.name] }),
      ],
      outboundRules: openTo({ destinationAddresses: anywhere }),
    },
    options,
  );
  return { vpc, members, groups, firewall };
}

/** Rules that let every protocol through that a firewall knows. */
function openTo<Ends extends Record<string, pulumi.Input<string>[]>>(ends: Ends) {
  return [
    { protocol: 'tcp', portRange: everyPort, ...ends },
    { protocol: 'udp', portRange: everyPort, ...ends },
    { protocol: 'icmp', ...ends },
  ];
}
