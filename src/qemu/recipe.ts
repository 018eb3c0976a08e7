import { createHash } from 'node:crypto';
import { emulatedEnvironment } from './emulated-environment.ts';
import { initrdScript } from './initrd.ts';
import type { Mirrors } from './sources.ts';

/** The Debian releases an image can be built of. */
export const suites = ['trixie', 'bookworm'] as const;
export type Suite = (typeof suites)[number];

/** How mmdebstrap gets its chroot (mmdebstrap(1), MODES). */
export type BuildMode = 'root' | 'unshare' | 'fakechroot';

/** Everything that decides an image's contents, apart from the archive's state on the day it is built. */
export interface Recipe {
  readonly suite: Suite;
  readonly packages: readonly string[];
  /** Run in the empty chroot before packages are configured; `$1` is the chroot. */
  readonly before: string;
  /** Run when all packages are configured; `$1` is the chroot. */
  readonly after: string;
  /** Bytes of the file system the machines grow theirs from: a machine's disk can't be smaller. */
  readonly diskSize: number;
}

const packages = [
  'systemd-sysv',
  'udev',
  'dbus',
  'linux-image-cloud-amd64',
  'cloud-init',
  'openssh-server',
  'sudo',
  'ca-certificates',
  'curl',
  'iproute2',
  'iputils-ping',
  'netcat-openbsd',
  'systemd-resolved',
  'systemd-timesyncd',
  'docker.io',
  'iptables',
  'etcd-server',
  'etcd-client',
  'nodejs',
  'busybox-static',
  'pigz',
  'openssl',
  // As in clouds' images: a disk of etcd's own is given its file system by it.
  'e2fsprogs',
];

/** For Docker alone; cloud-config/build.ts says why they differ. */
const forDocker: Readonly<Record<Suite, readonly string[]>> = {
  trixie: ['docker-cli'],
  bookworm: ['apparmor'],
};

/** Debian's initial RAM disk isn't made: ours (`initrd.ts`) is smaller and starts 2 s faster under emulation. */
const initramfs = { '/etc/initramfs-tools/update-initramfs.conf': 'update_initramfs=no\n' };

/**
 * Cloud-init's modules are cut to those a generated cloud-config uses: under emulation each one costs
 * tens of milliseconds, and generating an RSA key alone 5 s.
 */
const cloudInit = `datasource_list: [NoCloud, None]
datasource: {NoCloud: {fs_label: CIDATA}}
system_info: {network: {renderers: [networkd]}}
apt: {preserve_sources_list: true}
users: []
ssh_genkeytypes: [ed25519]
no_ssh_fingerprints: true
ssh: {emit_keys_to_console: false}
cloud_init_modules: [seed_random, bootcmd, write-files, set_hostname, update_etc_hosts, ca-certs, users-groups, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-user]
`;

/**
 * Stands in for cloud-init's own generator, whose search for a cloud is 2000 lines of shell: here the
 * data source is always the seed volume. systemd.generator(7): a file in /etc hides its namesake in /usr.
 */
const cloudInitGenerator = `#!/bin/sh
mkdir -p /run/cloud-init "$2/multi-user.target.wants"
: > /run/cloud-init/enabled
ln -sf /lib/systemd/system/cloud-init.target "$2/multi-user.target.wants/cloud-init.target"
`;

const programs = {
  '/etc/systemd/system-generators/cloud-init-generator': cloudInitGenerator,
  '/etc/systemd/system-environment-generators/flotilla-emulated': emulatedEnvironment,
};

const files = {
  ...programs,
  '/etc/cloud/cloud.cfg.d/90_flotilla.cfg': cloudInit,
  /** The file system fills the machine's disk, whatever its size; no fsck, the overlay has a journal. */
  '/etc/fstab': '/dev/vda / ext4 rw,noatime,x-systemd.growfs 0 0\n',
  /** Nothing but sshd listens. */
  '/etc/systemd/resolved.conf.d/flotilla.conf': '[Resolve]\nLLMNR=no\nMulticastDNS=no\n',
  /** Without the internet it asks for four names every 30 s and whenever a container comes: 1 to 5 % of an emulated processor. */
  '/etc/systemd/timesyncd.conf.d/flotilla.conf': '[Time]\nConnectionRetrySec=600\n',
  /**
   * No trial run (`sshd -t`) before each start: emulated, loading sshd once is slow enough. As much of a busy processor
   * as etcd and the agent get: who is to mend the machine has to get in.
   */
  '/etc/systemd/system/ssh.service.d/flotilla.conf': '[Service]\nExecStartPre=\nCPUWeight=1000\n',
  /** Unpacking loses ping's file capability; with this it needs none. */
  '/etc/sysctl.d/60-flotilla.conf': 'net.ipv4.ping_group_range = 0 2147483647\n',
  /** Only the devices that a machine has: the rest is some hundred events, each loading a driver for nothing. */
  '/etc/systemd/system/systemd-udev-trigger.service.d/flotilla.conf': `[Service]
ExecStart=
ExecStart=-udevadm trigger --type=devices --action=add ${['virtio', 'block', 'net', 'acpi', 'input', 'rtc']
    .map((subsystem) => `--subsystem-match=${subsystem}`)
    .join(' ')}
`,
};

const maskedUnits = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'fstrim.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'systemd-binfmt.service',
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-pstore.service',
  'systemd-network-generator.service',
  'systemd-udev-load-credentials.service',
  'systemd-tpm2-setup.service',
  'systemd-tpm2-setup-early.service',
  'systemd-pcrmachine.service',
  'getty@tty1.service',
  'modprobe@drm.service',
  'modprobe@efi_pstore.service',
  'modprobe@fuse.service',
  'modprobe@dm_mod.service',
  'modprobe@loop.service',
  'modprobe@configfs.service',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'cloud-init-hotplugd.socket',
  // It would make an RSA key.
  'sshd-keygen.service',
];

const maskedGenerators = [
  'systemd-getty-generator',
  'systemd-cryptsetup-generator',
  'systemd-debug-generator',
  'systemd-gpt-auto-generator',
  'systemd-hibernate-resume-generator',
  'systemd-integritysetup-generator',
  'systemd-rc-local-generator',
  'systemd-run-generator',
  'systemd-ssh-generator',
  'systemd-sysv-generator',
  'systemd-system-update-generator',
  'systemd-tpm2-generator',
  'systemd-veritysetup-generator',
];

/** The recipe for a machine image of one Debian release. */
export function debianRecipe(suite: Suite): Recipe {
  return {
    suite,
    packages: [...packages, ...forDocker[suite]],
    before: ['set -e', 'mkdir -p "$1/usr/share/man/man1"', ...Object.entries(initramfs).map(writeFile)].join(
      '\n',
    ),
    after: [
      'set -e',
      ...Object.entries(files).map(writeFile),
      ...Object.keys(programs).map((path) => `chmod 0755 "$1${path}"`),
      ...maskedGenerators.map((name) => `ln -sf /dev/null "$1/etc/systemd/system-generators/${name}"`),
      'chroot "$1" systemctl enable systemd-networkd systemd-resolved ssh docker.socket',
      // The socket starts Docker at its first use. At boot it would take 14 s of processor time from the login.
      'chroot "$1" systemctl disable docker containerd',
      // Not masked: a mask is a link to /dev/null, and writing our own etcd.service would write through it.
      'chroot "$1" systemctl disable etcd',
      `chroot "$1" systemctl mask ${maskedUnits.join(' ')}`,
      initrdScript,
      ...identity,
    ].join('\n'),
    diskSize: 4 * 1024 ** 3,
  };
}

/**
 * What must differ between machines goes, and what would be redone at the first boot is marked as done.
 * An empty machine-id (not a missing one) lets systemd make one without taking this for a first boot.
 */
const identity = [
  'rm -f "$1"/etc/machine-id "$1"/etc/hostname "$1"/var/lib/dbus/machine-id "$1"/etc/ssh/ssh_host_* "$1"/etc/apt/apt.conf.d/99mmdebstrap',
  ': > "$1/etc/machine-id"',
  'ln -sf ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"',
  'rm -f "$1"/etc/update-motd.d/*',
  'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/lib/etcd/*',
  'touch "$1/etc/.updated" "$1/var/.updated"',
];

/** A here-document, so that the same text works in all three modes and belongs to the chroot's root. */
function writeFile([path, contents]: readonly [string, string]): string {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return `mkdir -p "$1${folder}"\ncat > "$1${path}" <<'END_OF_FILE'\n${contents}END_OF_FILE`;
}

/** Names the cache folder. It follows from the recipe alone, so an edit to this file builds a new image. */
export function recipeKey(recipe: Recipe): string {
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
  return `${recipe.suite}-${digest.slice(0, 12)}`;
}

export const aptOptions = [
  'Apt::Install-Recommends "false"',
  'Acquire::Languages "none"',
  'Acquire::Retries "3"',
];

export const dpkgOptions = [
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/locale/*',
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'force-unsafe-io',
  // Our update-initramfs.conf is there before its package.
  'force-confold',
];

/** The scripts go by environment, for mmdebstrap repeats a failed hook's text and would bury the reason under it. */
export function hookEnvironment(recipe: Recipe): Record<string, string> {
  return { FLOTILLA_BEFORE: recipe.before, FLOTILLA_AFTER: recipe.after };
}

/** The command line after `mmdebstrap` that writes the recipe's root file system to the tar file `target`. */
export function mmdebstrapArguments(
  recipe: Recipe,
  options: { mode: BuildMode; mirrors: Mirrors; target: string; aptOptions: readonly string[] },
): string[] {
  const { suite } = recipe;
  return [
    `--mode=${options.mode}`,
    '--variant=minbase',
    '--components=main',
    `--include=${recipe.packages.join(',')}`,
    ...[...aptOptions, ...options.aptOptions].map((option) => `--aptopt=${option}`),
    ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
    '--essential-hook=sh -c "$FLOTILLA_BEFORE" sh "$1"',
    '--customize-hook=sh -c "$FLOTILLA_AFTER" sh "$1"',
    suite,
    options.target,
    ...sourceLines(suite, options.mirrors),
  ];
}

/** Without an archive none: then mmdebstrap adds Debian's own, updates and security among them (mmdebstrap(1)). */
export function sourceLines(suite: Suite, { archive, security }: Mirrors): string[] {
  if (archive === undefined) return [];
  const lines = [`deb ${archive} ${suite} main`, `deb ${archive} ${suite}-updates main`];
  return security === undefined ? lines : [...lines, `deb ${security} ${suite}-security main`];
}
