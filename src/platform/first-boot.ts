import * as pulumi from '@pulumi/pulumi';
import type { BuildOptions } from '../../cloud-config/build.ts';
import { buildMachineConfig } from '../../cloud-config/first-boot.ts';
import type { MachineConfig } from '../../cloud-config/machine-config.ts';
import type { MachinePlan } from '../plan/plan.ts';
import type { Scope } from './scope.ts';
import { SshKey } from './ssh-key.ts';

/** What a machine is told at its first boot, and what it is known by until first contact. */
export interface FirstBoot {
  readonly config: pulumi.Output<MachineConfig>;
  /** The public half; the private one is the only secret of the config. */
  readonly oneTimeHostKey: pulumi.Output<string>;
}

/** Declares the machine's one-time host key, a new one with each generation, and puts it into the config. */
export function firstBoot(
  plan: MachinePlan,
  authorizedKey: pulumi.Output<string>,
  options: BuildOptions,
  scope: Scope,
): FirstBoot {
  const hostKey = new SshKey(
    scope.name(`${plan.name}-first-contact`),
    { comment: plan.name },
    { ...scope.options, replacementTrigger: plan.generation },
  );
  const config = pulumi
    .all([authorizedKey, hostKey.privateKey, hostKey.publicKey])
    .apply(([authorized, privateKey, publicKey]) =>
      buildMachineConfig(plan, { authorizedKey: authorized, sshHostKey: { privateKey, publicKey } }, options),
    );
  return { config, oneTimeHostKey: hostKey.publicKey };
}

/**
 * A machine is never replaced by accident, whatever its platform does when these inputs change: a new image or a new
 * config reach new machines only, and the group's generation alone makes new ones.
 *
 * @param firstBootInputs what is read once, when the machine begins
 */
export function machineLife(
  { generation }: MachinePlan,
  firstBootInputs: readonly string[],
): pulumi.CustomResourceOptions {
  return { ignoreChanges: [...firstBootInputs], replacementTrigger: generation };
}
