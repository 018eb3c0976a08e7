import type { Placement } from '../../model/placement.ts';
import { isMoving, type Rollout } from '../../model/rollout.ts';
import type { Unit } from '../../model/unit.ts';
import { type Group, groupOf, type RollingUnit, rolloutSnapshot } from '../../scheduler/rollout-group.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { templateOf } from '../../unit/name.ts';
import { rolloutGroup } from '../../unit/rollout-group.ts';
import { type FactsOf, factsIn } from './unit-facts.ts';

/** A group of units that roll together, with what was decided about it. */
export interface RecordedGroup {
  readonly group: Group;
  readonly record?: Rollout;
}

/** What rollouts need of a unit's file; undefined while that is not in the store. */
function rolling(unit: Unit, factsOf: FactsOf): RollingUnit | undefined {
  const facts = factsOf(unit.name, unit.hash);
  if (facts === undefined) return undefined;
  const { requirements, flotilla, expects } = facts;
  return { ...unit, global: requirements.global, policy: flotilla.rollout, expects };
}

/** Groups that have something to do, or must be kept from doing it. That nothing changes shows without reading a file. */
export function changingGroups(
  cluster: ClusterState,
  held: ReadonlySet<string>,
  factsOf: FactsOf,
): RecordedGroup[] {
  const running = cluster.rollouts.filter(isMoving).map(({ name }) => name);
  return groupsNamed(new Set([...running, ...outdatedGroups(cluster, factsOf)]), cluster, held, factsOf);
}

/** Groups whose last rollout is on record. */
export function recordedGroups(cluster: ClusterState, held: ReadonlySet<string>): Required<RecordedGroup>[] {
  const names = new Set(cluster.rollouts.map(({ name }) => name));
  return groupsNamed(names, cluster, held, factsIn(cluster.files)).flatMap(({ group, record }) =>
    record ? { group, record } : [],
  );
}

/** Names on record that are no group any more: its units are gone, or do not roll any more. */
export function goneGroups(cluster: ClusterState, factsOf: FactsOf): string[] {
  const gone = new Set(cluster.rollouts.map(({ name }) => name));
  if (gone.size === 0) return [];
  for (const unit of cluster.units) {
    const name = templateOf(unit.name) ?? unit.name;
    if (!gone.has(name)) continue;
    const found = rolling(unit, factsOf);
    // What can't be read may still be one.
    if (found === undefined || nameOf(found) !== undefined) gone.delete(name);
  }
  return [...gone];
}

function groupsNamed(
  names: ReadonlySet<string>,
  cluster: ClusterState,
  held: ReadonlySet<string>,
  factsOf: FactsOf,
): RecordedGroup[] {
  if (names.size === 0) return [];
  const records = new Map(cluster.rollouts.map((record) => [record.name, record]));
  const units = unitsByGroup(cluster, names, factsOf);
  const ours = new Map([...units.values()].flat().map((unit) => [unit.name, unit]));
  const placements = cluster.placements.filter((placement) =>
    rolls(placement, ours.get(placement.unit), factsOf),
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
  factsOf: FactsOf,
): wanted is RollingUnit {
  const placed = wanted && rolling({ name: unit, hash, targetState }, factsOf);
  return placed !== undefined && placed.global === wanted?.global;
}

function outdatedGroups({ units, placements }: ClusterState, factsOf: FactsOf): Set<string> {
  const known = new Map(units.map((unit) => [unit.name, unit]));
  const names = placements.flatMap((placement) => {
    const unit = known.get(placement.unit);
    if (unit === undefined || unit.hash === placement.hash) return [];
    const wanted = rolling(unit, factsOf);
    return rolls(placement, wanted, factsOf) ? (nameOf(wanted) ?? []) : [];
  });
  return new Set(names);
}

function nameOf(unit: RollingUnit | undefined): string | undefined {
  return unit && rolloutGroup(unit.name, unit);
}

function unitsByGroup(
  { units }: ClusterState,
  names: ReadonlySet<string>,
  factsOf: FactsOf,
): Map<string, RollingUnit[]> {
  const groups = new Map<string, RollingUnit[]>();
  for (const unit of units) {
    const name = templateOf(unit.name) ?? unit.name;
    const found = names.has(name) ? rolling(unit, factsOf) : undefined;
    if (found === undefined || nameOf(found) === undefined) continue;
    const known = groups.get(name);
    if (known) known.push(found);
    else groups.set(name, [found]);
  }
  return groups;
}
