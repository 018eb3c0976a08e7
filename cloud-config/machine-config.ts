/**
 * What a machine is given before its first boot, free of any format: cloud-config and live steps are two ways to
 * write the same object down.
 */
export interface MachineConfig {
  readonly hostname: string;
  readonly groups: readonly string[];
  readonly users: readonly User[];
  /** The one-time host key. It is the only secret here, and worthless after first contact replaced it. */
  readonly sshHostKey: SshHostKey;
  readonly files: readonly ConfigFile[];
  readonly units: readonly SystemdUnit[];
  /** Packages that the operating system's image lacks. */
  readonly packages: readonly string[];
}

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly authorizedKeys: readonly string[];
}

export interface SshHostKey {
  /** OpenSSH PEM */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
}

export interface ConfigFile {
  readonly path: string;
  readonly contents: string;
  /** Octal, `0644` */
  readonly mode: string;
}

export interface SystemdUnit {
  readonly name: string;
  /** Absent for a unit that a package brings. */
  readonly contents?: string;
  /** Enabled and started at first boot. A unit that waits for an identity is started by a path unit instead. */
  readonly enabled: boolean;
}

/** The config's own files and its unit files, in the order they are written. */
export function allFiles(config: MachineConfig): readonly ConfigFile[] {
  return [...config.files, ...config.units.flatMap(unitFile)];
}

function unitFile({ name, contents }: SystemdUnit): ConfigFile[] {
  if (contents === undefined) return [];
  return [{ path: `/etc/systemd/system/${name}`, contents, mode: '0644' }];
}
