import * as pulumi from '@pulumi/pulumi';
import type { MachineAccess } from './machine.ts';
import type { Pki } from './pki.ts';

export interface EtcdClusterArgs {
  readonly members: pulumi.Input<MachineAccess>[];
  /** Whether CPUs are emulated, or may be: the members' timers follow from it, and all have the same. */
  readonly emulated: pulumi.Input<boolean>;
  readonly privateKey: pulumi.Input<string>;
  readonly pki: Pki;
}

/** The members hold the cluster's state together. Bootstrapped once; never silently again. */
export class EtcdCluster extends pulumi.CustomResource {
  /** `https://10.77.12.11:2379`, one for each member */
  declare readonly endpoints: pulumi.Output<string[]>;
  declare readonly clusterId: pulumi.Output<string>;
  /** Member name → healthy or what is wrong with it, as of the last time that it was looked at. */
  declare readonly health: pulumi.Output<Record<string, string>>;

  constructor(
    name: string,
    { members, emulated, privateKey, pki }: EtcdClusterArgs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(
      'flotilla:index:EtcdCluster',
      name,
      {
        members,
        emulated,
        privateKey,
        caCertificate: pki.certificate,
        caPrivateKey: pki.privateKey,
        endpoints: undefined,
        clusterId: undefined,
        health: undefined,
      },
      opts,
    );
  }
}
