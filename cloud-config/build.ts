import { etcdEnvironment, etcdPaths, etcdTimings } from '../src/etcd/files.ts';
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
  /** Whether CPUs are emulated, or may be. They answer late: etcd's timers are slower, the agent's V8 makes no code. */
  readonly emulated: boolean;
  /** Whether a cloud's metadata service answers there; containers are kept from it then. No by default. */
  readonly metadataService?: boolean;
}

/** Pure: the plan of a machine and its keys give everything that its first boot needs. */
export function buildMachineConfig(plan: MachinePlan, keys: BootKeys, options: BuildOptions): MachineConfig {
  const timing = options.emulated ? etcdTimings.emulated : etcdTimings.standard;
  const etcd = plan.etcd
    ? [{ path: etcdPaths().environment, contents: etcdEnvironment(plan, timing), mode: '0644' }]
    : [];
  const common = buildTemplateConfig(plan.os, keys, options);
  return {
    ...common,
    hostname: plan.name,
    files: [environmentFile(plan), ...etcd, ...common.files],
    units: [
      ...(options.metadataService ? [metadataGuard] : []),
      ...common.units,
      ...(plan.etcd ? etcdUnits().map((unit) => ({ ...unit, enabled: true })) : []),
      ...agentUnits(options),
    ],
  };
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
const dockerFiles = ['docker', 'containerd'].map(
  (name): ConfigFile => ({
    path: `/etc/systemd/system/${name}.service.d/startup.conf`,
    contents: '[Service]\nStartupCPUWeight=1\n',
    mode: '0644',
  }),
);

/** CoreOS wrote /etc/environment for units' EnvironmentFile=; old units find their names in it, and ours beside. */
function environmentFile({ name, address }: MachinePlan): ConfigFile {
  const variables = {
    COREOS_PRIVATE_IPV4: address,
    COREOS_PUBLIC_IPV4: address,
    FLOTILLA_MACHINE: name,
    FLOTILLA_ADDRESS: address,
  };
  const lines = Object.entries(variables).map(([key, value]) => `${key}=${value}\n`);
  return { path: '/etc/environment', contents: lines.join(''), mode: '0644' };
}

/** Debian's Docker package leaves the client to a Recommends from 13 on. */
export const packages: Readonly<Record<OperatingSystem, readonly string[]>> = {
  'debian-13': [
    'docker.io',
    'docker-cli',
    'etcd-server',
    'etcd-client',
    'nodejs',
    'openssl',
    'busybox-static',
  ],
};
