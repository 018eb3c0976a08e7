import * as pulumi from '@pulumi/pulumi';
import { buildMachineConfig } from '../../../cloud-config/build.ts';
import { renderCloudConfig } from '../../../cloud-config/cloud-config.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import type { BootedMachine } from '../platform.ts';
import { SshKey } from '../ssh-key.ts';
import type { Image } from './image.ts';
import type { Network } from './network.ts';
import { lanMac, renderSeed, wanMac } from './seed.ts';

export interface MachineArgs {
  readonly image: pulumi.Input<string>;
  readonly cpus: number;
  readonly memory: number;
  readonly disk: number;
  readonly lanMac: string;
  readonly wanMac: string;
  readonly publishedPorts: readonly number[];
  readonly userData: pulumi.Input<string>;
  readonly metaData: string;
  readonly networkConfig: string;
}

/** A virtual machine in QEMU. It goes on running when Pulumi has ended. */
export class Machine extends pulumi.CustomResource {
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
    emulated,
    prebuilt,
  }: {
    authorizedKey: pulumi.Output<string>;
    image: Image;
    network: Network;
    emulated: boolean;
    prebuilt: boolean;
  },
): BootedMachine {
  const hostKey = new SshKey(
    `${plan.name}-first-contact`,
    { comment: plan.name },
    {
      replacementTrigger: plan.generation,
    },
  );
  const userData = pulumi
    .all([authorizedKey, hostKey.privateKey, hostKey.publicKey])
    .apply(([authorized, privateKey, publicKey]) =>
      renderCloudConfig(
        buildMachineConfig(
          plan,
          { authorizedKey: authorized, sshHostKey: { privateKey, publicKey } },
          { prebuilt, emulated },
        ),
      ),
    );
  const machine = new Machine(
    plan.name,
    {
      image: image.key,
      cpus: plan.cpus,
      memory: plan.memory,
      disk: plan.disk,
      lanMac: lanMac(plan.address),
      wanMac: wanMac(plan.address),
      publishedPorts: plan.publishedPorts,
      userData,
      ...renderSeed(plan, `${plan.name}-${plan.generation}`),
    },
    {
      // A machine is never replaced by accident: a new image or new user data reach new machines only.
      ignoreChanges: ['image', 'userData', 'metaData', 'networkConfig'],
      replacementTrigger: plan.generation,
      // The old machine holds the name and the address until it is gone.
      deleteBeforeReplace: true,
      dependsOn: network,
    },
  );
  return {
    plan,
    resource: machine,
    host: machine.host,
    port: machine.port,
    incarnation: machine.incarnation,
    oneTimeHostKey: hostKey.publicKey,
  };
}
