import { isDeepStrictEqual } from 'node:util';
import { allFiles, type ConfigFile, type MachineConfig, type SystemdUnit } from './machine-config.ts';

/** What turns a running machine that has one config, `from`, into one that has another. */
export interface LiveSteps {
  readonly hostname: string;
  /** Files and unit files, new or changed. */
  readonly write: readonly ConfigFile[];
  /** Paths of what `from` has and this one lacks. */
  readonly remove: readonly string[];
  /** User → the only keys that may log in. */
  readonly authorizedKeys: Readonly<Record<string, readonly string[]>>;
  /** What `systemctl enable` would make of the units below: link → where it leads. */
  readonly links: Readonly<Record<string, string>>;
  /** Units that `from` did not enable; those it did run already. */
  readonly start: readonly string[];
}

/** Changes that only a new machine can take, in words; or the steps. */
export type LiveStepsResult = { readonly steps: LiveSteps } | { readonly refused: readonly string[] };

/**
 * The other way to write a machine config down, beside cloud-config: as steps over SSH. Pure, and it never gives half of
 * what was asked for: what can't be changed on a running machine is refused by name. Packages that it has beyond those asked for stay: a
 * template has what any machine may need. The host key is no part of them:
 * whoever reached the machine has met it by one already.
 */
export function liveSteps(from: MachineConfig, to: MachineConfig): LiveStepsResult {
  const enabledBefore = new Set(from.units.filter(isEnabled).map(({ name }) => name));
  const fresh = to.units.filter((unit) => isEnabled(unit) && !enabledBefore.has(unit.name));
  const refused = [
    ...(isDeepStrictEqual(from.groups, to.groups) ? [] : ['its groups differ']),
    ...(isDeepStrictEqual(accounts(from), accounts(to)) ? [] : ['its users differ']),
    ...to.packages
      .filter((name) => !from.packages.includes(name))
      .map((name) => `it lacks the package ${name}`),
    ...disabled(from, to).map((name) => `${name} would have to be disabled`),
    ...otherFiles(from, to).map((name) => `${name} runs already, of another file`),
    ...fresh
      .filter((unit) => linksOf(unit).length === 0)
      .map(({ name }) => `${name} has no WantedBy= of its own to be enabled by`),
  ];
  if (refused.length > 0) return { refused };
  const before = new Map(allFiles(from).map((file) => [file.path, file]));
  const after = new Set(allFiles(to).map(({ path }) => path));
  const changed = allFiles(to).filter((file) => !isDeepStrictEqual(before.get(file.path), file));
  return {
    steps: {
      hostname: to.hostname,
      write: changed,
      remove: [...before.keys()].filter((path) => !after.has(path)),
      authorizedKeys: Object.fromEntries(to.users.map((user) => [user.name, user.authorizedKeys])),
      links: Object.fromEntries(fresh.flatMap(linksOf)),
      start: fresh.map(({ name }) => name),
    },
  };
}

const accounts = ({ users }: MachineConfig) => users.map(({ name, groups }) => ({ name, groups }));

const isEnabled = ({ enabled }: SystemdUnit) => enabled;

function disabled(from: MachineConfig, to: MachineConfig): string[] {
  const kept = new Set(to.units.filter(isEnabled).map(({ name }) => name));
  return from.units.filter((unit) => isEnabled(unit) && !kept.has(unit.name)).map(({ name }) => name);
}

/** Nothing starts a unit anew that both configs enable. */
function otherFiles(from: MachineConfig, to: MachineConfig): string[] {
  const before = new Map(from.units.filter(isEnabled).map((unit) => [unit.name, unit]));
  const kept = to.units.filter((unit) => isEnabled(unit) && before.has(unit.name));
  return kept.filter((unit) => unit.contents !== before.get(unit.name)?.contents).map(({ name }) => name);
}

/** systemd.unit(5), WantedBy=. Under emulation `systemctl enable` takes 3 s where a package has a SysV script too. */
function linksOf({ name, contents = '' }: SystemdUnit): [string, string][] {
  const targets = [...contents.matchAll(/^WantedBy=(.*)$/gm)].flatMap(([, list = '']) => list.split(/\s+/));
  const folder = '/etc/systemd/system';
  return targets
    .filter((target) => target !== '')
    .map((target) => [`${folder}/${target}.wants/${name}`, `${folder}/${name}`]);
}
