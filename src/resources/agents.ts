import * as pulumi from '@pulumi/pulumi';
import type { Followed } from '../model/followed.ts';
import type { EtcdCluster } from './etcd-cluster.ts';
import type { MachineAccess } from './machine.ts';
import type { Pki } from './pki.ts';

export interface AgentsArgs {
  readonly machines: pulumi.Input<MachineAccess>[];
  readonly privateKey: pulumi.Input<string>;
  readonly etcd: EtcdCluster;
  /** Prefixes in etcd below which units may choose keys for their services. */
  readonly serviceKeys: readonly string[];
  /** Prefixes in etcd below which templates may read. */
  readonly templateKeys: readonly string[];
  /** Machine's name → what a load balancer asks it for. */
  readonly followed: Readonly<Record<string, Followed>>;
  readonly pki: Pki;
  /** The authority for services: its certificate for every machine, its key for those with etcd. */
  readonly services: Pki;
}

/** One agent on every machine. A new bundle reaches a first machine, then the others; units keep running. */
export class Agents extends pulumi.CustomResource {
  /** sha256 of the bundle that runs there */
  declare readonly bundle: pulumi.Output<string>;

  constructor(
    name: string,
    { machines, privateKey, etcd, serviceKeys, templateKeys, followed, pki, services }: AgentsArgs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(
      'flotilla:index:Agents',
      name,
      {
        machines,
        privateKey,
        endpoints: etcd.endpoints,
        serviceKeys,
        templateKeys,
        followed,
        caCertificate: pki.certificate,
        caPrivateKey: pki.privateKey,
        servicesCertificate: services.certificate,
        servicesPrivateKey: services.privateKey,
        bundle: undefined,
      },
      opts,
    );
  }
}
