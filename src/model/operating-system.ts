/** What machines can run, the default first. */
export const operatingSystems = ['debian-13', 'debian-12', 'ubuntu-24.04', 'flatcar'] as const;

export type OperatingSystem = (typeof operatingSystems)[number];

/** Where Flotilla puts programs that machines lack. Nobody else writes there. */
type ProgramFolder = '/usr/local/lib/flotilla' | '/opt/flotilla';

/**
 * What tells one from another, wherever its machines come from. Names of packages are in cloud-config/build.ts, images
 * with each platform; each is a table like this one, so that the compiler asks for what a further system lacks.
 */
interface SystemTraits {
  /** For messages. */
  readonly label: string;
  /** `ID VERSION_ID` of os-release(5), by which a host is known; without it hosts can't run it. */
  readonly release?: string;
  /** What its first boot reads: cloud-init's format, or Ignition's. */
  readonly firstBoot: 'cloud-config' | 'ignition';
  /**
   * Whose etcd its members run: that of its own package, or Flotilla's, sent over SSH, where its own is older than 3.5
   * (docs/decisions/0036-etcd-is-sent-where-it-is-too-old.md).
   */
  readonly etcd: 'own' | 'sent';
  /** Whose Node.js the agent runs on, and whose busybox units make images of: Flotilla's where it has no packages. */
  readonly node: 'own' | 'sent';
  readonly programFolder: ProgramFolder;
  /** Debian's name of the release, of which an image is built for local machines; without one, the user names an image. */
  readonly suite?: 'trixie' | 'bookworm';
  /** What who chooses it has to know. Said once a run. */
  readonly caveat?: string;
  /** MiB below which its machines get into trouble, as far as is known. */
  readonly memory?: number;
}

const debian = {
  firstBoot: 'cloud-config',
  node: 'own',
  programFolder: '/usr/local/lib/flotilla',
} as const;

export const systemTraits: Readonly<Record<OperatingSystem, SystemTraits>> = {
  'debian-13': { ...debian, label: 'Debian 13', release: 'debian 13', etcd: 'own', suite: 'trixie' },
  'debian-12': { ...debian, label: 'Debian 12', release: 'debian 12', etcd: 'sent', suite: 'bookworm' },
  'ubuntu-24.04': { ...debian, label: 'Ubuntu 24.04', release: 'ubuntu 24.04', etcd: 'sent' },
  // Its /usr is read-only, and changes as a whole with each update.
  flatcar: {
    label: 'Flatcar',
    firstBoot: 'ignition',
    etcd: 'sent',
    node: 'sent',
    programFolder: '/opt/flotilla',
    caveat: "Flatcar was never booted by Flotilla's own tests; what was is docs/flatcar.md",
    memory: 2048,
  },
};

/** For a shell's PATH: where programs are sent to, on whichever system. */
export const programFolders = [...new Set(operatingSystems.map((os) => systemTraits[os].programFolder))].join(
  ':',
);

/** Those that a machine may run which its owner has set up. */
export const hostSystems = operatingSystems.filter((os) => systemTraits[os].release !== undefined);

/** The one that a machine says it is; undefined for one that Flotilla does not know, or can't use as a host. */
export function operatingSystemOf(release: string): OperatingSystem | undefined {
  return operatingSystems.find((os) => systemTraits[os].release === release);
}
