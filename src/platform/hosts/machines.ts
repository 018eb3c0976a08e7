import * as pulumi from '@pulumi/pulumi';
import { adminUser } from '../../../cloud-config/build.ts';
import { buildMachineConfig } from '../../../cloud-config/first-boot.ts';
import { allFiles } from '../../../cloud-config/machine-config.ts';
import type { AskedHost } from '../../hosts/look.ts';
import type { WantedHost } from '../../hosts/wanted.ts';
import { sudoersPath } from '../../hosts/wanted.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import type { BootedMachine } from '../platform.ts';
import type { Scope } from '../scope.ts';
import type { Network } from './network.ts';

export interface MachineArgs extends Pick<AskedHost, 'address' | 'port' | 'user' | 'hostKey' | 'proxyJump'> {
  readonly identityFile?: string;
  readonly wanted: pulumi.Input<WantedHost>;
  /** The stack's login key. */
  readonly privateKey: pulumi.Input<string>;
  readonly authorizedKey: pulumi.Input<string>;
}

/** What Flotilla needs on a host that is there already; the host itself is nobody's to make or delete. */
class Machine extends pulumi.CustomResource {
  declare readonly machineId: pulumi.Output<string>;
  /** The host key that it proved itself with, as a line. */
  declare readonly provedKey: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    super('flotilla:hosts:Machine', name, { ...args, machineId: undefined, provedKey: undefined }, opts);
  }
}

export function createMachine(
  plan: MachinePlan,
  { address, port, user, hostKey, proxyJump }: AskedHost,
  {
    network,
    scope,
    ...login
  }: { network: Network; scope: Scope } & Pick<MachineArgs, 'identityFile' | 'privateKey' | 'authorizedKey'>,
): BootedMachine {
  // Its plan says what machines would be made with; a host runs what it runs.
  const os = network.systems.apply((systems) => systems[plan.name] ?? plan.os);
  const wanted = pulumi
    .all([network.emulated, os])
    .apply(([emulated, system]) => wantedHost({ ...plan, os: system }, emulated));
  const machine = new Machine(
    scope.name(plan.name),
    { address, port, user, hostKey, ...(proxyJump && { proxyJump }), ...login, wanted },
    { ...scope.options, dependsOn: network, additionalSecretOutputs: ['privateKey'] },
  );
  return {
    plan,
    os,
    resource: machine,
    address: plan.address,
    user: adminUser,
    host: pulumi.output(address),
    port: pulumi.output(port),
    incarnation: machine.machineId,
    identity: { machineId: machine.machineId, hostKey: machine.provedKey },
  };
}

/** No keys: a host has its own, and the stack's is let in by the resource, which may know it later. */
const noKeys = { authorizedKey: '', sshHostKey: { privateKey: '', publicKey: '' } };

/** The machine's config but for what makes it somebody: host name and host key stay the host's own. */
export function wantedHost(plan: MachinePlan, emulated: boolean): WantedHost {
  const config = buildMachineConfig(plan, noKeys, { prebuilt: false, emulated });
  const [user = { name: adminUser, groups: [] }] = config.users;
  const sudoers = { path: sudoersPath, contents: `${user.name} ALL=(ALL) NOPASSWD:ALL\n`, mode: '0440' };
  return {
    packages: [...config.packages, 'sudo'],
    groups: config.groups,
    user: { name: user.name, groups: user.groups },
    files: [...allFiles(config), sudoers],
    units: config.units
      .filter(({ enabled }) => enabled)
      .map(({ name, contents = '' }) => ({ name, waits: contents.includes('\nConditionPathExists=') })),
  };
}
