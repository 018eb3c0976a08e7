import type { ConfigFile, MachineConfig, SystemdUnit, User } from './machine-config.ts';

/** The newest that Flatcar documents; Fedora CoreOS takes it too. */
const specification = '3.3.0';

/**
 * Writes a machine config down for Ignition, as `renderCloudConfig` does for cloud-init. Equal configs give equal bytes.
 * Key by key as in Ignition's configuration specification v3.3.0. Ignition runs once, in the initramfs, and a config
 * that it can't apply as a whole keeps the machine from booting at all.
 *
 * @throws Error for packages: Ignition installs none
 */
export function renderIgnition(config: MachineConfig): string {
  if (config.packages.length > 0)
    throw new Error(
      `${config.hostname} would lack ${config.packages.join(', ')}: Ignition installs no packages, so send the programs over SSH or use an image that has them`,
    );
  const document = {
    ignition: { version: specification },
    passwd: { groups: config.groups.map((name) => ({ name })), users: config.users.map(renderUser) },
    storage: { files: [...systemFiles(config), ...config.files].map(renderFile) },
    systemd: { units: config.units.map(renderUnit) },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** What cloud-init makes of keys of its own. Packages read the folders, so that no file of theirs is changed. */
function systemFiles({ hostname, sshHostKey, users }: MachineConfig): ConfigFile[] {
  return [
    { path: '/etc/hostname', contents: `${hostname}\n`, mode: '0644' },
    { path: '/etc/ssh/ssh_host_ed25519_key', contents: sshHostKey.privateKey, mode: '0600' },
    { path: '/etc/ssh/ssh_host_ed25519_key.pub', contents: `${sshHostKey.publicKey}\n`, mode: '0644' },
    {
      path: '/etc/ssh/sshd_config.d/10-flotilla.conf',
      contents: 'PasswordAuthentication no\n',
      mode: '0600',
    },
    ...users.map(({ name }) => ({
      path: `/etc/sudoers.d/flotilla-${name}`,
      contents: `${name} ALL=(ALL) NOPASSWD:ALL\n`,
      mode: '0440',
    })),
  ];
}

/** Of a user who is there already, Ignition takes all groups but these (`usermod --groups`): hence sudo by a file. */
function renderUser({ name, groups, authorizedKeys }: User) {
  return { name, groups: [...groups], shell: '/bin/bash', sshAuthorizedKeys: [...authorizedKeys] };
}

/** Without `overwrite` Ignition fails where the image has such a file already. Modes are numbers, and JSON has no octal. */
function renderFile({ path, contents, mode }: ConfigFile) {
  const source = `data:,${encodeURIComponent(contents)}`;
  return { path, mode: Number.parseInt(mode, 8), overwrite: true, contents: { source } };
}

/** A unit that is not to be enabled says nothing of it: `enabled: false` would disable one that a package enables. */
function renderUnit({ name, contents, enabled }: SystemdUnit) {
  return { name, ...(enabled ? { enabled } : {}), ...(contents === undefined ? {} : { contents }) };
}
