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

/** The account's right to become root: it goes last, since taking the rest away needs it. */
export const sudoersPath = '/etc/sudoers.d/flotilla';

/** The variables of /etc/environment are others' too: lines of ours go in between, and are taken out again. */
export const environmentPath = '/etc/environment';

/** Names that Flotilla gives variables there. */
const ours = /^(COREOS_(PRIVATE|PUBLIC)_IPV4|FLOTILLA_\w+)=/;

/** The file with our lines as in `wanted`, and all others as they are. */
export function environmentWith(current: string, wanted: string): string {
  const foreign = linesOf(current).filter((line) => !ours.test(line));
  return [...foreign, ...linesOf(wanted)].map((line) => `${line}\n`).join('');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
