/** A file of a host's, as `write-files` is told it. */
export interface WantedFile {
  readonly path: string;
  readonly contents: string;
  /** Octal, `0644` */
  readonly mode: string;
}

/** What a host is to have, apart from what it is: everything of a machine config but host name and host key. */
export interface WantedHost {
  readonly packages: readonly string[];
  readonly groups: readonly string[];
  /** Who logs in there from then on. */
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  /** Unit files among them. */
  readonly files: readonly WantedFile[];
  /** Units to be enabled and started. One that `waits` does not run before something else is there. */
  readonly units: readonly { readonly name: string; readonly waits: boolean }[];
}

/** Who logs in on every machine of a cluster (`adminUser` in cloud-config/build.ts). */
const login = 'core';

/** For when all that is asked is what the host is. */
export const nothingWanted: WantedHost = {
  packages: [],
  groups: [],
  user: { name: login, groups: [] },
  files: [],
  units: [],
};

/**
 * The account's right to become root. It comes after the account, so that nobody is locked out in between, and goes last,
 * since taking the rest away needs it.
 */
export const sudoersPath = '/etc/sudoers.d/flotilla';
