import { etcdDiskFiles } from '../src/etcd/disk.ts';
import { serverOf } from '../src/etcd/release.ts';
import { etcdUnits } from '../src/etcd/units.ts';
import type { OperatingSystem } from '../src/model/operating-system.ts';
import type { MachinePlan } from '../src/plan/plan.ts';
import { agentUnits } from './agent-units.ts';
import type { ConfigFile, MachineConfig, SshHostKey, SystemdUnit } from './machine-config.ts';
import { metadataGuard } from './metadata-guard.ts';

/** The account that Flotilla and the operator log in with; CoreOS's name for it. */
export const adminUser = 'core';

/** The keys of a first boot. */
export interface BootKeys {
  /** The operator's public key, `ssh-ed25519 AAAA…` */
  readonly authorizedKey: string;
  readonly sshHostKey: SshHostKey;
}

export interface BuildOptions {
  /** Whether the image was made for Flotilla and holds its packages already. */
  readonly prebuilt: boolean;
  /** Whether CPUs are emulated, or may be: the agent's V8 makes no code there. */
  readonly emulated: boolean;
  /** Whether a cloud's metadata service answers there; containers are kept from it then. No by default. */
  readonly metadataService?: boolean;
}

/**
 * What of a plan a first boot may know. Not its address: where a cloud gives them, it is known only when the machine is
 * there (docs/decisions/0025-first-boot-knows-no-address.md).
 */
export type BootPlan = Pick<MachinePlan, 'name' | 'os' | 'etcd' | 'etcdDisk'>;

/** Paths of what its units run, on the machine. */
export interface Programs {
  /** etcd's server. */
  readonly etcd: string;
  readonly node: string;
}

/** What a machine with packages is told at its first boot. */
export function buildPackagedConfig(plan: BootPlan, keys: BootKeys, options: BuildOptions): MachineConfig {
  const common = buildTemplateConfig(plan.os, keys, options);
  return {
    ...common,
    hostname: plan.name,
    files: [...common.files, ...diskFiles(plan)],
    packages: common.packages.filter((name) => plan.etcd || name !== etcdServer),
    units: unitsOf(plan, common.units, { etcd: serverOf(plan.os), node: '/usr/bin/node' }, options),
  };
}

export function diskFiles({ etcdDisk }: Pick<BootPlan, 'etcdDisk'>): readonly ConfigFile[] {
  return etcdDisk === undefined ? [] : etcdDiskFiles(etcdDisk);
}

/** @param common units of every machine with that system */
export function unitsOf(
  plan: Pick<BootPlan, 'etcd'>,
  common: readonly SystemdUnit[],
  { etcd, node }: Programs,
  options: Omit<BuildOptions, 'prebuilt'>,
): readonly SystemdUnit[] {
  return [
    ...(options.metadataService ? [metadataGuard] : []),
    ...common,
    ...(plan.etcd ? etcdUnits(etcd, options.emulated).map((unit) => ({ ...unit, enabled: true })) : []),
    ...agentUnits({ emulated: options.emulated, node }),
  ];
}

/** What all machines of an operating system have in common: the machine that others wake from has this and no more. */
export function buildTemplateConfig(
  os: OperatingSystem,
  { authorizedKey, sshHostKey }: BootKeys,
  { prebuilt }: Pick<BuildOptions, 'prebuilt'>,
): MachineConfig {
  const groups = ['docker', 'flotilla', 'systemd-journal'];
  return {
    hostname: 'template',
    groups: ['flotilla'],
    users: [{ name: adminUser, groups, authorizedKeys: [authorizedKey] }],
    sshHostKey,
    files: dockerFiles,
    units: [docker],
    packages: prebuilt ? [] : packages[os],
  };
}

/** Its start takes long, so it comes when the machine is up and waits for its identity, not with the first unit. */
const docker: SystemdUnit = { name: 'docker.service', enabled: true };

/** Until the boot is over, Docker takes what first contact and etcd leave (systemd.resource-control(5)). */
export const dockerFiles = ['docker', 'containerd'].map(
  (name): ConfigFile => ({
    path: `/etc/systemd/system/${name}.service.d/startup.conf`,
    contents: '[Service]\nStartupCPUWeight=1\n',
    mode: '0644',
  }),
);

/** Where no member is to be it stays away: Debian starts it when it is installed, as a cluster of its own. */
const etcdServer = 'etcd-server';

/**
 * Under these names everywhere. Where etcd is sent, its package still brings the user and his folder. Docker unpacks
 * layers with pigz where it finds it, in two thirds of the time (moby's pkg/archive).
 */
const common = [etcdServer, 'etcd-client', 'nodejs', 'openssl', 'busybox-static', 'pigz'];

/**
 * Debian's Docker package leaves the client to a Recommends from 13 on; before, and in Ubuntu's, it is in it. Before, it
 * leaves AppArmor's parser to one too, and without that no container starts where the kernel has AppArmor.
 */
export const packages: Readonly<Record<OperatingSystem, readonly string[]>> = {
  'debian-13': ['docker.io', 'docker-cli', ...common],
  'debian-12': ['docker.io', 'apparmor', ...common],
  'ubuntu-24.04': ['docker.io', ...common],
  flatcar: [],
};
