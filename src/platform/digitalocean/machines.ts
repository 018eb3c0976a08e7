import { Droplet } from '@pulumi/digitalocean/droplet.js';
import type { SshKey } from '@pulumi/digitalocean/sshKey.js';
import * as pulumi from '@pulumi/pulumi';
import { adminUser } from '../../../cloud-config/build.ts';
import { renderFirstBoot } from '../../../cloud-config/first-boot.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import { firstBoot, machineLife } from '../first-boot.ts';
import type { BootedMachine } from '../platform.ts';
import type { Scope } from '../scope.ts';
import type { Network } from './network.ts';
import { bootOptions } from './preflight.ts';
import type { Size } from './sizes.ts';

export interface DropletArgs {
  readonly authorizedKey: pulumi.Output<string>;
  /** The same key as DigitalOcean knows it: a droplet without one gets a password by mail. */
  readonly loginKey: SshKey;
  readonly size: Size;
  readonly image: string;
  readonly network: Network;
  readonly scope: Scope;
}

/**
 * Read once, when a droplet begins. The provider would replace it for each of them but its size, for which it would be
 * switched off, all at once with its like.
 */
const firstBootInputs = ['image', 'userData', 'sshKeys', 'region', 'vpcUuid', 'size'];

export function createMachine(
  plan: MachinePlan,
  args: DropletArgs,
): { machine: BootedMachine; droplet: Droplet } {
  const { authorizedKey, loginKey, size, image, network, scope } = args;
  const { config, oneTimeHostKey } = firstBoot(plan, authorizedKey, bootOptions, scope);
  const group = network.groups.get(plan.group);
  const droplet = new Droplet(
    scope.name(plan.name),
    {
      name: plan.name,
      region: network.vpc.region,
      vpcUuid: network.vpc.id,
      size: size.slug,
      image,
      // It holds the one-time host key.
      userData: pulumi.secret(config.apply((each) => renderFirstBoot(plan.os, each))),
      sshKeys: [loginKey.fingerprint],
      tags: [network.members.name, ...(group ? [group.name] : [])],
      monitoring: false,
    },
    {
      ...scope.options,
      ...machineLife(plan, firstBootInputs),
      // Two droplets may have one name. The old one goes when the units have moved.
      deleteBeforeReplace: false,
      dependsOn: [network.vpc, network.firewall],
    },
  );
  warnOfSize(plan, size, droplet);
  const machine = {
    plan,
    resource: droplet,
    address: droplet.ipv4AddressPrivate,
    user: adminUser,
    host: droplet.ipv4Address,
    port: pulumi.output(22),
    incarnation: droplet.id,
    oneTimeHostKey,
  };
  return { machine, droplet };
}

function warnOfSize({ name, group }: MachinePlan, { slug }: Size, droplet: Droplet): void {
  droplet.size.apply((actual) => {
    if (actual === slug) return;
    pulumi.log.warn(
      `${name} stays ${actual}: ${slug} is for new machines. Raise flotilla:machines.${group}.generation`,
    );
  });
}
