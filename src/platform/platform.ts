import type * as pulumi from '@pulumi/pulumi';
import type { OperatingSystem } from '../model/operating-system.ts';
import type { ClusterPlan, MachinePlan } from '../plan/plan.ts';
import type { Scope } from './scope.ts';

/** A machine that exists and answers over SSH: what every platform ends in. */
export type BootedMachine = NewMachine | OwnedMachine;

interface AnyMachine {
  readonly plan: MachinePlan;
  /** Whatever depends on the machine is deleted with it, without calling it first. */
  readonly resource: pulumi.Resource;
  /** On the cluster network. Where it can't be chosen it is known only once the machine exists. */
  readonly address: pulumi.Input<string>;
  /** Who logs in there, and may become root by sudo. */
  readonly user: string;
  /** Where the operator's computer reaches its SSH, or the bastion of its plan does. */
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  /** What it runs, where that is for the machine to say; default: what its plan says. */
  readonly os?: pulumi.Input<OperatingSystem>;
  /** What the platform knows of it, for units to ask for; what the config says under the same key goes before. */
  readonly metadata?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Names one life of the machine: it changes when the machine begins again from nothing. */
  readonly incarnation: pulumi.Output<string>;
}

/** It was made for this, and is met by its one-time host key. */
interface NewMachine extends AnyMachine {
  /** The public half of the key that was put into the user data. */
  readonly oneTimeHostKey: pulumi.Output<string>;
  readonly identity?: undefined;
}

/** It was there before, and keeps the host key that it has. */
interface OwnedMachine extends AnyMachine {
  readonly identity: {
    /** `ssh-ed25519 AAAA…` */
    readonly hostKey: pulumi.Output<string>;
    readonly machineId: pulumi.Output<string>;
  };
  readonly oneTimeHostKey?: undefined;
}

/**
 * A place where machines come from. Each has its own folder with the same files: index, machines, network, and where
 * there is something to say preflight and image.
 *
 * Whatever a run that is killed was creating is created again by the next. Resources of types `flotilla:` adopt then
 * what is there already; of all others, a cloud's, the user is asked whether they exist (toolchain/pending.ts).
 */
export interface Platform {
  /**
   * @param authorizedKey public half of the key that logs in on the machines
   * @param privateKey its other half, for a platform that has to log in itself
   * @param scope names and parent of every resource that is declared
   * @throws InvalidInput when this computer or account can't hold the plan.
   */
  createMachines(
    plan: ClusterPlan,
    authorizedKey: pulumi.Output<string>,
    privateKey: pulumi.Output<string>,
    scope: Scope,
  ): Promise<Machines>;
}

export interface Machines {
  /** Lives exactly as long as the cluster: with it goes all that runs on the machines, without being asked. */
  readonly lifetime: pulumi.Resource;
  readonly machines: readonly BootedMachine[];
  /** Whether their CPUs are emulated, or may be. The same for all: it decides etcd's timers. */
  readonly emulated: pulumi.Input<boolean>;
  /** Addresses at which published ports answer, seen from the operator's computer; a cloud's are known only then. */
  readonly published: readonly pulumi.Input<string>[];
}
