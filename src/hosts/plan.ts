import { createHash } from 'node:crypto';
import { environmentFile } from '../model/machine-environment.ts';
import { companions, type FileFacts, type HostState, type UnitFacts } from './facts.ts';
import type { Added } from './record.ts';
import type { Owner } from './record-script.ts';
import { sudoersPath, type WantedFile, type WantedHost } from './wanted.ts';

/** One thing to be done on a host. In this order: a file that holds a unit back is there before its package. */
export type Operation =
  | { readonly kind: 'write'; readonly file: WantedFile; readonly reason: string }
  | { readonly kind: 'restore'; readonly path: string; readonly existed: boolean; readonly reason: string }
  | { readonly kind: 'install'; readonly packages: readonly string[]; readonly reason: string }
  | { readonly kind: 'group'; readonly name: string; readonly reason: string }
  | {
      readonly kind: 'user';
      readonly name: string;
      readonly groups: readonly string[];
      readonly reason: string;
    }
  | {
      readonly kind: 'join';
      readonly name: string;
      readonly groups: readonly string[];
      readonly reason: string;
    }
  | { readonly kind: 'authorize'; readonly name: string; readonly reason: string }
  | { readonly kind: 'reload'; readonly reason: string }
  | { readonly kind: 'enable'; readonly unit: string; readonly reason: string };

/** Pure: what turns the host as it is into the one that is wanted; nothing where it is so already. */
export function planHost(facts: HostState, wanted: WantedHost): readonly Operation[] {
  const writes = wanted.files.flatMap((file) => writeOf(file, facts.files[file.path]));
  const missing = wanted.packages.filter((name) => !facts.packages.includes(name));
  return [
    ...writes.filter((each) => !isRight(each)),
    ...noLongerWanted(facts.added, wanted.files),
    ...(missing.length > 0 ? [{ kind: 'install', packages: missing, reason: 'not installed' } as const] : []),
    ...wanted.groups
      .filter((name) => !facts.groups.includes(name))
      .map((name) => ({ kind: 'group', name, reason: 'there is no such group' }) as const),
    ...account(facts, wanted),
    ...writes.filter(isRight),
    ...reloadOf(facts),
    ...wanted.units.flatMap((unit) => enableOf(unit, facts.units[unit.name])),
  ];
}

/** Whether it makes somebody root: it waits until the account is there. */
export function isRight(operation: Operation): boolean {
  return operation.kind === 'write' && operation.file.path === sudoersPath;
}

function writeOf(file: WantedFile, found: FileFacts | undefined): Extract<Operation, { kind: 'write' }>[] {
  const reason = difference(file, found);
  return reason === undefined ? [] : [{ kind: 'write', file, reason }];
}

function difference({ contents, mode }: WantedFile, found: FileFacts | undefined): string | undefined {
  if (!found) return 'missing';
  if (found.sha256 === '') return 'what is there is no file';
  if (found.sha256 !== createHash('sha256').update(contents).digest('hex')) return 'its contents differ';
  if (found.owner !== 'root:root') return `it belongs to ${found.owner}`;
  return found.mode === mode ? undefined : `its mode is ${found.mode}, not ${mode}`;
}

/** Files that an earlier config of the stack had. Earlier versions named one in which others have lines as well. */
function noLongerWanted(added: Added | undefined, files: readonly WantedFile[]): Operation[] {
  const wanted = new Set(files.map(({ path }) => path));
  return (added?.files ?? [])
    .filter(({ path }) => !wanted.has(path) && path !== environmentFile)
    .map(({ path, existed }) => ({ kind: 'restore', path, existed, reason: 'no longer wanted' }));
}

function account(facts: HostState, { user: { name, groups } }: WantedHost): Operation[] {
  const authorize = { kind: 'authorize', name, reason: "the stack's login key is not known there" } as const;
  if (!facts.user) return [{ kind: 'user', name, groups, reason: 'there is no such user' }, authorize];
  const missing = groups.filter((group) => !facts.user?.groups.includes(group));
  return [
    ...(missing.length > 0 ? [{ kind: 'join', name, groups: missing, reason: 'not a member' } as const] : []),
    ...(facts.user.authorized ? [] : [authorize]),
  ];
}

/** Without it what was written would count for nothing until something else has systemd look. */
function reloadOf({ units }: HostState): Operation[] {
  const outdated = Object.keys(units).filter((name) => units[name]?.outdated);
  if (outdated.length === 0) return [];
  return [{ kind: 'reload', reason: `systemd holds an older version of ${outdated.join(', ')}` }];
}

function enableOf({ name, waits }: WantedHost['units'][number], found: UnitFacts | undefined): Operation[] {
  if (found?.enabled && (found.active || waits)) return [];
  return [{ kind: 'enable', unit: name, reason: found?.enabled ? 'it does not run' : 'not enabled' }];
}

/** Those of a kind, in their order. */
export function pick<K extends Operation['kind']>(
  operations: readonly Operation[],
  kind: K,
): Extract<Operation, { kind: K }>[] {
  return operations.filter((each): each is Extract<Operation, { kind: K }> => each.kind === kind);
}

/**
 * What the host's record has to say before the operations are done: what was there before stays as it was first seen.
 *
 * @param brought what the packages bring along that is not installed, themselves included
 */
export function recordOf(
  facts: HostState,
  wanted: WantedHost,
  operations: readonly Operation[],
  brought: readonly string[],
  owner: Owner,
): Added {
  const before = facts.added;
  const known = new Set(before?.files.map(({ path }) => path));
  const knownUnits = new Set(before?.units.map(({ name }) => name));
  return {
    version: 1,
    ...owner,
    packages: union(before?.packages, brought),
    groups: union(
      before?.groups,
      pick(operations, 'group').map(({ name }) => name),
    ),
    user: {
      name: wanted.user.name,
      created: before?.user.created || facts.user === undefined,
      joined: union(
        before?.user.joined,
        pick(operations, 'join').flatMap(({ groups }) => groups),
      ),
    },
    files: [
      ...(before?.files ?? []),
      ...pick(operations, 'write')
        .filter(({ file }) => !known.has(file.path))
        .map(({ file: { path } }) => ({ path, existed: facts.files[path] !== undefined })),
    ],
    units: [
      ...(before?.units ??
        companions.map((name) => ({ name, enabled: true, active: isActive(name, facts) }))),
      ...pick(operations, 'enable')
        .filter(({ unit }) => !knownUnits.has(unit))
        .map(({ unit: name }) => ({
          name,
          enabled: facts.units[name]?.enabled === true,
          active: isActive(name, facts),
        })),
    ],
    absent: before?.absent ?? [...facts.absent],
  };
}

function isActive(unit: string, { units }: HostState): boolean {
  return units[unit]?.active === true;
}

/** The record once the operations are done: what was put back is nobody's any more. */
export function settledRecord(added: Added, operations: readonly Operation[]): Added {
  const restored = new Set(operations.flatMap((each) => (each.kind === 'restore' ? [each.path] : [])));
  return { ...added, files: added.files.filter(({ path }) => !restored.has(path)) };
}

function union(before: readonly string[] = [], more: readonly string[]): string[] {
  return [...new Set([...before, ...more])];
}

/** As preview and `up` show it. */
export function sayHostOperation(operation: Operation): string {
  return `${subject(operation)}: ${operation.reason}`;
}

function subject(operation: Operation): string {
  switch (operation.kind) {
    case 'write':
      return `write ${operation.file.path}`;
    case 'restore':
      return operation.existed ? `put ${operation.path} back` : `remove ${operation.path}`;
    case 'install':
      return `install ${operation.packages.join(', ')}`;
    case 'group':
      return `make the group ${operation.name}`;
    case 'user':
      return `make the user ${operation.name}, in ${operation.groups.join(', ')}`;
    case 'join':
      return `put ${operation.name} into ${operation.groups.join(', ')}`;
    case 'authorize':
      return `let the stack's login key in as ${operation.name}`;
    case 'reload':
      return 'have systemd read its files again';
    case 'enable':
      return `enable and start ${operation.unit}`;
  }
}
