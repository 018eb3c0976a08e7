/** Of processors, as Debian calls them. */
export type Architecture = 'amd64' | 'arm64';

/** Digests are SHA-256 in lower-case hex. */
export interface Program {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** With this argument it ends at once, and well: it is run once where it is sent, to see that it can run there. */
  readonly probe: string;
  readonly package: Package;
}

/** What a program is taken from. */
export type Package = DebianPackage | NpmPackage;

export interface DebianPackage {
  readonly archive: 'debian';
  /** Below the root of Debian's archive. */
  readonly path: string;
  readonly sha256: string;
}

export interface NpmPackage {
  readonly archive: 'npm';
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** What is sent to a machine for one purpose. */
export interface ProgramSet {
  /** For messages. */
  readonly label: string;
  readonly programs: Readonly<Record<Architecture, readonly Program[]>>;
  /** The unit that starts one of them: a machine whose unit starts another is sent nothing. */
  readonly unit: string;
  /** What to do where there is none for a processor. */
  readonly instead: string;
}

/** Those for a processor; undefined where there are none. */
export function programsFor(
  { programs }: Pick<ProgramSet, 'programs'>,
  architecture: string,
): readonly Program[] | undefined {
  return Object.entries(programs).find(([name]) => name === architecture)?.[1];
}
