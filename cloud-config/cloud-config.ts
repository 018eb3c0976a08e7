import { stringify } from 'yaml';
import {
  allFiles,
  type ConfigFile,
  type MachineConfig,
  type SystemdUnit,
  type User,
} from './machine-config.ts';

/**
 * Writes a machine config down for cloud-init. Equal configs give equal bytes, so that an
 * unchanged plan is an unchanged machine. Key by key as in cloud-init's module reference.
 */
export function renderCloudConfig(config: MachineConfig): string {
  const document = {
    hostname: config.hostname,
    preserve_hostname: false,
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: config.sshHostKey.privateKey,
      ed25519_public: config.sshHostKey.publicKey,
    },
    groups: [...config.groups],
    users: config.users.map(renderUser),
    ...(config.packages.length > 0 ? { package_update: true, packages: [...config.packages] } : {}),
    write_files: allFiles(config).map(renderFile),
    runcmd: activation(config.units),
  };
  return `#cloud-config\n${stringify(document, { schema: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function renderUser(user: User) {
  return {
    name: user.name,
    groups: [...user.groups],
    shell: '/bin/bash',
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    lock_passwd: true,
    ssh_authorized_keys: [...user.authorizedKeys],
  };
}

function renderFile({ path, contents, mode }: ConfigFile) {
  return { path, permissions: mode, content: contents };
}

/**
 * The only command that cloud-init runs; `enable` has systemd read the new units (systemctl(1)). `--no-block`:
 * cloud-init's final stage is itself a job systemd waits for. Links for SysV's runlevels are of no use and cost an
 * emulated machine 3 s (systemd's docs/ENVIRONMENT.md).
 */
function activation(units: readonly SystemdUnit[]): string[][] {
  const enabled = units.filter((unit) => unit.enabled).map((unit) => unit.name);
  return [['env', 'SYSTEMCTL_SKIP_SYSV=1', 'systemctl', 'enable', '--now', '--no-block', ...enabled]];
}
