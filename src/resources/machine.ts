import type * as pulumi from '@pulumi/pulumi';
import type { OperatingSystem } from '../model/operating-system.ts';
import type { PlatformName } from '../model/platform-name.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import type { BootedMachine } from '../platform/platform.ts';
import type { Scope } from '../platform/scope.ts';
import { HostKey } from './host-key.ts';

/**
 * A machine after first contact, as every resource that works on it is told: it has its own host key, and that one is
 * pinned from here on. What its plan says is known before it exists.
 */
export interface MachineAccess {
  readonly name: string;
  /** Contents of /etc/machine-id. */
  readonly id: pulumi.Input<string>;
  /** On the cluster network. */
  readonly address: pulumi.Input<string>;
  /** Where SSH answers, seen from the operator's computer, or from the bastion. */
  readonly host: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly user: string;
  readonly hostKey: pulumi.Input<string>;
  /** The bastion that dials `host`, where there is one. */
  readonly proxyJump?: ProxyJump | undefined;
  /** For messages about a machine that does not answer. */
  readonly platform: PlatformName;
  readonly metadata: Readonly<Record<string, pulumi.Input<string>>>;
  readonly cpus: number;
  readonly memory: number;
  /** Whether etcd runs there. */
  readonly etcd: boolean;
  readonly os: pulumi.Input<OperatingSystem>;
}

export function meet(
  booted: BootedMachine,
  { platform }: Pick<ClusterPlan, 'platform'>,
  privateKey: pulumi.Output<string>,
  scope: Scope,
): MachineAccess {
  const { plan, address, user, host, port } = booted;
  const { machineId: id, hostKey } = booted.identity ?? firstContact(booted, platform, privateKey, scope);
  const { name, cpus, memory, etcd, proxyJump } = plan;
  const os = booted.os ?? plan.os;
  const metadata = { ...booted.metadata, ...plan.metadata };
  const reach = { address, host, port, user, hostKey, proxyJump, platform };
  return { name, id, ...reach, metadata, cpus, memory, etcd, os };
}

/** A machine that was made for this gets a host key that only it has; one that was there keeps its own. */
function firstContact(
  booted: Extract<BootedMachine, { identity?: undefined }>,
  platform: PlatformName,
  privateKey: pulumi.Output<string>,
  scope: Scope,
): { readonly machineId: pulumi.Output<string>; readonly hostKey: pulumi.Output<string> } {
  const { plan, user, host, port, oneTimeHostKey, incarnation } = booted;
  const { machineId, publicKey: hostKey } = new HostKey(
    scope.name(plan.name),
    {
      machine: plan.name,
      host,
      port,
      user,
      proxyJump: plan.proxyJump,
      platform,
      oneTimeHostKey,
      incarnation,
      privateKey,
    },
    { deletedWith: booted.resource, parent: booted.resource },
  );
  return { machineId, hostKey };
}
