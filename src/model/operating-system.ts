/** What machines can run, the default first. */
export const operatingSystems = ['debian-13', 'debian-12', 'ubuntu-24.04'] as const;

export type OperatingSystem = (typeof operatingSystems)[number];

/**
 * What tells one from another, wherever its machines come from. Names of packages are in cloud-config/build.ts, images
 * with each platform; each is a table like this one, so that the compiler asks for what a further system lacks.
 */
interface SystemTraits {
  /** For messages. */
  readonly label: string;
  /** `ID VERSION_ID` of os-release(5). */
  readonly release: string;
  /**
   * Whose etcd its members run: that of its own package, or Flotilla's, sent over SSH, where its own is older than 3.5
   * (docs/decisions/0036-etcd-is-sent-where-it-is-too-old.md).
   */
  readonly etcd: 'own' | 'sent';
  /** Debian's name of the release, of which an image is built for local machines; without one, the user names an image. */
  readonly suite?: 'trixie' | 'bookworm';
}

export const systemTraits: Readonly<Record<OperatingSystem, SystemTraits>> = {
  'debian-13': { label: 'Debian 13', release: 'debian 13', etcd: 'own', suite: 'trixie' },
  'debian-12': { label: 'Debian 12', release: 'debian 12', etcd: 'sent', suite: 'bookworm' },
  'ubuntu-24.04': { label: 'Ubuntu 24.04', release: 'ubuntu 24.04', etcd: 'sent' },
};

/** The one that a machine says it is; undefined for one that Flotilla does not know. */
export function operatingSystemOf(release: string): OperatingSystem | undefined {
  return operatingSystems.find((os) => systemTraits[os].release === release);
}
