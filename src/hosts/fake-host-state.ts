import type { HostFacts, UnitFacts } from './facts.ts';

export interface FakeFile {
  readonly contents: string;
  readonly mode: string;
}

/** What a fake host has; tests say what it begins with and compare what it ends with. */
export interface FakeHostState
  extends Pick<
    HostFacts,
    | 'architecture'
    | 'node'
    | 'machineId'
    | 'virtualization'
    | 'cpus'
    | 'memory'
    | 'disk'
    | 'addresses'
    | 'packages'
    | 'groups'
    | 'etcd'
    | 'members'
    | 'folders'
  > {
  readonly os: string;
  readonly files: Readonly<Record<string, FakeFile>>;
  readonly units: Readonly<Record<string, Omit<UnitFacts, 'outdated'>>>;
  readonly users: Readonly<Record<string, readonly string[]>>;
}

export const bareHost: FakeHostState = {
  os: 'debian 13 Debian GNU/Linux 13 (trixie)',
  architecture: 'amd64',
  machineId: 'a'.repeat(32),
  virtualization: 'kvm',
  cpus: 2,
  memory: 2000,
  disk: 20_000,
  addresses: ['10.0.0.5'],
  files: {},
  packages: ['openssl'],
  groups: ['root', 'systemd-journal'],
  users: { root: [] },
  units: {},
  etcd: false,
  members: [],
  folders: [],
};
