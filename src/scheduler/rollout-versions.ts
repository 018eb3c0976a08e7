import type { Reason } from '../model/reason.ts';
import type { Rollout, RolloutState, Versions } from '../model/rollout.ts';
import type { Group, Member } from './rollout-group.ts';

/** A group with what was decided about it. */
export interface RecordedRollout {
  readonly group: Group;
  readonly record: Rollout;
  /** Whether the file of a version is still there. */
  readonly hasFile: (hash: string) => boolean;
}

const ended: ReadonlySet<RolloutState> = new Set(['complete', 'rolled-back']);

/** Of a rollout that did not come to its end only what it began with is known to be whole. */
export function lastComplete(members: readonly Member[], record: Rollout | undefined): Versions {
  const placed = [...hashesByUnit(members)].map(([unit, hashes]): [string, string] => [
    unit,
    commonest(hashes),
  ]);
  if (record === undefined || ended.has(record.state)) return Object.fromEntries(placed);
  const before = placed.map(([unit, hash]) => [unit, versionIn(record.from, unit) ?? hash]);
  return { ...record.from, ...Object.fromEntries(before) };
}

function hashesByUnit(members: readonly Member[]): Map<string, string[]> {
  const hashes = new Map<string, string[]>();
  for (const { unit, hash } of members) hashes.set(unit, [...(hashes.get(unit) ?? []), hash]);
  return hashes;
}

/** A global unit may have kept an old version on a machine that was away. */
function commonest(hashes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return first?.[0] ?? '';
}

/** What the record was last about to bring the unit; undefined for one of which it says nothing. */
export function toldVersion({ direction, from, to }: Rollout, unit: string): string | undefined {
  return direction === 'forward' ? to[unit] : versionIn(from, unit);
}

/** An instance that was added since then gets what all others have, if they have the same. */
export function versionIn(versions: Versions, unit: string): string | undefined {
  return versions[unit] ?? onlyVersion(versions);
}

function onlyVersion(versions: Versions): string | undefined {
  const [first, ...others] = new Set(Object.values(versions));
  return others.length === 0 ? first : undefined;
}

/** Units go back together with their record, and a transaction of the store takes 3000 operations. */
const mostRestored = 2500;

/** What the units had before, of those that have something else now; or why that can't be had. */
export function versionsBefore({
  group,
  record,
  hasFile,
}: RecordedRollout): Versions | { readonly missing: Reason } {
  const changed = group.units.flatMap(({ name, hash }): [string, string][] => {
    const before = versionIn(record.from, name);
    return before === undefined || before === hash ? [] : [[name, before]];
  });
  if (changed.length === 0) return { missing: 'there is no other version to go back to' };
  if (changed.length > mostRestored) {
    return { missing: `${changed.length} units can't go back at once, ${mostRestored} can` };
  }
  const gone = changed.find(([, hash]) => !hasFile(hash));
  return gone ? { missing: `the file that ${gone[0]} had before is gone` } : Object.fromEntries(changed);
}
