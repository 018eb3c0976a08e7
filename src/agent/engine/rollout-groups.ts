import type { Placement } from '../../model/placement.ts';
import { isMoving, type Rollout } from '../../model/rollout.ts';
import type { Unit } from '../../model/unit.ts';
import { type Group, groupOf, type RollingUnit, rolloutSnapshot } from '../../scheduler/rollout-group.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { templateOf } from '../../unit/name.ts';
import { rolloutGroup } from '../../unit/rollout-group.ts';
import { type FactsReader, readFacts } from './unit-facts.ts';

/** A group of units that roll together, with what was decided about it. */
export interface RecordedGroup {
  readonly group: Group;
  readonly record?: Rollout;
}

/** What rollouts need of a unit's file; undefined while that is not in the store. */
function rolling(unit: Unit, files: ClusterState['files'], read: FactsReader): RollingUnit | undefined {
  const contents = files.get(unit.hash);
  if (contents === undefined) return undefined;
  const { requirements, flotilla, expects } = read(unit, contents);
  return { ...unit, global: requirements.global, policy: flotilla.rollout, expects };
}

/** Groups that have something to do, or must be kept from doing it. That nothing changes shows without reading a file. */
export function changingGroups(
  cluster: ClusterState,
  held: ReadonlySet<string>,
  read: FactsReader,
): RecordedGroup[] {
  const running = cluster.rollouts.filter(isMoving).map(({ name }) => name);
  return groupsNamed(new Set([...running, ...outdatedGroups(cluster, read)]), cluster, held, read);
}

/** Groups whose last rollout is on record. */
export function recordedGroups(cluster: ClusterState, held: ReadonlySet<string>): Required<RecordedGroup>[] {
  const names = new Set(cluster.rollouts.map(({ name }) => name));
  return groupsNamed(names, cluster, held, readFacts).flatMap(({ group, record }) =>
    record ? { group, record } : [],
  );
}

/** Names on record that are no group any more: its units are gone, or do not roll any more. */
export function goneGroups(cluster: ClusterState, read: FactsReader): string[] {
  const gone = new Set(cluster.rollouts.map(({ name }) => name));
  if (gone.size === 0) return [];
  for (const unit of cluster.units) {
    const name = templateOf(unit.name) ?? unit.name;
    if (!gone.has(name)) continue;
    const found = rolling(unit, cluster.files, read);
    // What can't be read may still be one.
    if (found === undefined || nameOf(found) !== undefined) gone.delete(name);
  }
  return [...gone];
}

function groupsNamed(
  names: ReadonlySet<string>,
  cluster: ClusterState,
  held: ReadonlySet<string>,
  read: FactsReader,
): RecordedGroup[] {
  if (names.size === 0) return [];
  const records = new Map(cluster.rollouts.map((record) => [record.name, record]));
  const units = unitsByGroup(cluster, names, read);
  const ours = new Map([...units.values()].flat().map((unit) => [unit.name, unit]));
  const placements = cluster.placements.filter((placement) =>
    rolls(placement, ours.get(placement.unit), cluster.files, read),
  );
  const snapshot = rolloutSnapshot({ ...cluster, placements }, held);
  return [...names].sort().flatMap((name): RecordedGroup[] => {
    const own = units.get(name);
    const record = records.get(name);
    return own ? [{ group: groupOf(name, own, snapshot, record), ...(record && { record }) }] : [];
  });
}

/**
 * Whether a placement's version is replaced in its turn. A unit that becomes global, or was until now, changes at once:
 * it goes to other machines and not to other versions on the same ones.
 */
function rolls(
  { unit, hash, targetState }: Placement,
  wanted: RollingUnit | undefined,
  files: ClusterState['files'],
  read: FactsReader,
): wanted is RollingUnit {
  const placed = wanted && rolling({ name: unit, hash, targetState }, files, read);
  return placed !== undefined && placed.global === wanted?.global;
}

function outdatedGroups({ units, placements, files }: ClusterState, read: FactsReader): Set<string> {
  const known = new Map(units.map((unit) => [unit.name, unit]));
  const names = placements.flatMap((placement) => {
    const unit = known.get(placement.unit);
    if (unit === undefined || unit.hash === placement.hash) return [];
    const wanted = rolling(unit, files, read);
    return rolls(placement, wanted, files, read) ? (nameOf(wanted) ?? []) : [];
  });
  return new Set(names);
}

function nameOf(unit: RollingUnit | undefined): string | undefined {
  return unit && rolloutGroup(unit.name, unit);
}

function unitsByGroup(
  { units, files }: ClusterState,
  names: ReadonlySet<string>,
  read: FactsReader,
): Map<string, RollingUnit[]> {
  const groups = new Map<string, RollingUnit[]>();
  for (const unit of units) {
    const name = templateOf(unit.name) ?? unit.name;
    const found = names.has(name) ? rolling(unit, files, read) : undefined;
    if (found === undefined || nameOf(found) === undefined) continue;
    const known = groups.get(name);
    if (known) known.push(found);
    else groups.set(name, [found]);
  }
  return groups;
}
