import * as pulumi from '@pulumi/pulumi';
import { adminUser } from '../../../cloud-config/build.ts';
import type { MachineConfig } from '../../../cloud-config/machine-config.ts';
import type { LocalSettings } from '../../config/local.ts';
import type { OperatingSystem } from '../../model/operating-system.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import { firstBoot, machineLife } from '../first-boot.ts';
import type { BootedMachine } from '../platform.ts';
import type { Scope } from '../scope.ts';
import type { Image } from './image.ts';
import type { Network } from './network.ts';

export interface MachineArgs {
  readonly os: OperatingSystem;
  readonly image: pulumi.Input<string>;
  readonly cpus: number;
  readonly memory: number;
  readonly disk: number;
  /** On the cluster's network, with the prefix's length. */
  readonly address: string;
  readonly publishedPorts: readonly number[];
  /** Names one life of the machine, for cloud-init. */
  readonly instanceId: string;
  readonly config: pulumi.Input<MachineConfig>;
  /** How a new machine comes up: from the memory of a template, or by booting. */
  readonly start: LocalSettings['start'];
}

/** A virtual machine in QEMU. It goes on running when Pulumi has ended. */
class Machine extends pulumi.CustomResource {
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly running: pulumi.Output<boolean>;
  declare readonly incarnation: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:local:Machine',
      name,
      { ...args, host: undefined, port: undefined, running: undefined, incarnation: undefined },
      opts,
    );
  }
}

export function createMachine(
  plan: MachinePlan,
  {
    authorizedKey,
    image,
    network,
    start,
    emulated,
    prebuilt,
    scope,
  }: {
    authorizedKey: pulumi.Output<string>;
    image: Image;
    network: Network;
    start: LocalSettings['start'];
    emulated: boolean;
    prebuilt: boolean;
    scope: Scope;
  },
): BootedMachine {
  const { config, oneTimeHostKey } = firstBoot(plan, authorizedKey, { prebuilt, emulated }, scope);
  const machine = new Machine(
    scope.name(plan.name),
    {
      os: plan.os,
      image: image.key,
      cpus: plan.cpus,
      memory: plan.memory,
      disk: plan.disk,
      address: `${plan.address}/${plan.prefixLength}`,
      publishedPorts: plan.publishedPorts,
      instanceId: `${plan.name}-${plan.generation}`,
      config,
      start,
    },
    {
      ...scope.options,
      ...machineLife(plan, ['os', 'image', 'config', 'instanceId', 'start']),
      // Two lives of a machine have a folder and an address each. The old one goes when the units have moved.
      deleteBeforeReplace: false,
      dependsOn: network,
    },
  );
  return {
    plan,
    resource: machine,
    address: plan.address,
    user: adminUser,
    host: machine.host,
    port: machine.port,
    incarnation: machine.incarnation,
    oneTimeHostKey,
  };
}
