import type * as pulumi from '@pulumi/pulumi';
import type { Metadata } from '../model/machine.ts';
import type { BootedMachine } from '../platform/platform.ts';
import { HostKey } from './host-key.ts';

/** What every resource that works on machines is told about each of them. */
export interface MachineAccess {
  readonly name: pulumi.Input<string>;
  /** Contents of /etc/machine-id. */
  readonly id: pulumi.Input<string>;
  /** On the cluster network. */
  readonly address: pulumi.Input<string>;
  /** Where SSH answers, seen from the operator's computer. */
  readonly host: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly user: pulumi.Input<string>;
  readonly hostKey: pulumi.Input<string>;
  readonly metadata: pulumi.Input<Metadata>;
  readonly cpus: pulumi.Input<number>;
  readonly memory: pulumi.Input<number>;
  /** Whether etcd runs there. */
  readonly etcd: pulumi.Input<boolean>;
}

/** A machine after first contact: it has its own host key, and that one is pinned from here on. */
export interface TrustedMachine {
  readonly booted: BootedMachine;
  readonly access: MachineAccess;
}

export function meet(booted: BootedMachine, user: string, privateKey: pulumi.Output<string>): TrustedMachine {
  const { plan, host, port, oneTimeHostKey, incarnation } = booted;
  const contact = new HostKey(
    plan.name,
    { machine: plan.name, host, port, user, oneTimeHostKey, incarnation, privateKey },
    { deletedWith: booted.resource, parent: booted.resource },
  );
  return {
    booted,
    access: {
      name: plan.name,
      id: contact.machineId,
      address: plan.address,
      host,
      port,
      user,
      hostKey: contact.publicKey,
      metadata: plan.metadata,
      cpus: plan.cpus,
      memory: plan.memory,
      etcd: plan.etcd,
    },
  };
}
