export interface FakeFile {
  readonly contents: string;
  readonly mode: string;
}

/** What a fake host has; tests say what it begins with and compare what it ends with. */
export interface FakeHostState {
  readonly os: string;
  readonly machineId: string;
  readonly virtualization: string;
  readonly cpus: number;
  readonly memory: number;
  readonly disk: number;
  readonly addresses: readonly string[];
  readonly files: Readonly<Record<string, FakeFile>>;
  readonly packages: readonly string[];
  readonly groups: readonly string[];
  readonly users: Readonly<Record<string, readonly string[]>>;
  readonly units: Readonly<Record<string, { readonly enabled: boolean; readonly active: boolean }>>;
  /** Whether something listens on etcd's port. */
  readonly etcd: boolean;
}

export const bareHost: FakeHostState = {
  os: 'debian 13 Debian GNU/Linux 13 (trixie)',
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
};
