import { type Placement, pairOf } from '../../model/placement.ts';
import { type Expectation, isReady } from '../../model/readiness.ts';
import type { Unit } from '../../model/unit.ts';
import type { Snapshot } from '../../scheduler/snapshot.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { prefixes, splitPair } from '../../store/keys.ts';
import type { Grace } from './grace.ts';
import { type FactsOf, factsIn, type UnitFacts } from './unit-facts.ts';

/** A unit whose file is in the store. */
export interface KnownUnit extends Unit, UnitFacts {}

/** What the scheduler is asked, and what it must not be asked about. */
export interface ClusterSnapshot extends Snapshot {
  readonly units: readonly KnownUnit[];
  /** Something about them can't be known. Those among `units` are there for the others to see. */
  readonly untouchable: ReadonlySet<string>;
}

/**
 * The scheduler's view of the cluster. What must stay as it is, is left out: nothing is said of it, and no other
 * machine is asked to take it. A machine that gives up all of its units is left out as well, so they are lost there.
 */
export function snapshotOf(
  cluster: ClusterState,
  grace: Omit<Grace, 'until'>,
  factsOf: FactsOf = factsIn(cluster.files),
): ClusterSnapshot {
  const units = cluster.units.flatMap((unit) => knownUnit(unit, factsOf) ?? []);
  const bound = boundPlacements(cluster, grace, factsOf);
  const untouchable = untouchableUnits(cluster, units, bound);
  const frozen = frozenUnits(cluster, untouchable, factsOf);
  const staying = new Set([...bound, ...awaitedPlacements(cluster, units, grace)]);
  const isHidden = (name: string) => untouchable.has(name) && !frozen.has(name);
  return {
    machines: cluster.machines.filter(({ id }) => !cluster.cordons.get(id)?.force),
    units: [...units.filter(({ name }) => !untouchable.has(name)), ...frozen.values()],
    placements: cluster.placements.filter((one) => !staying.has(one) && !isHidden(one.unit)),
    ...cordons(cluster),
    unready: unreadyUnits(cluster, units),
    untouchable,
  };
}

function knownUnit({ name, hash, targetState }: Unit, factsOf: FactsOf): KnownUnit | undefined {
  const facts = factsOf(name, hash);
  return facts && { name, hash, targetState, ...facts };
}

/**
 * What stays on machines that may be back at any moment, or whose key can't be read. Destroyed units may be taken
 * from them, and fenced ones from those that answer: there they are down, whatever became of the agent.
 */
function boundPlacements(
  cluster: ClusterState,
  { held, answering }: Pick<Grace, 'held' | 'answering'>,
  factsOf: FactsOf,
): Set<Placement> {
  const keeping = new Set([...held, ...malformedBelow(cluster, prefixes.machine)]);
  const names = new Set(cluster.units.map(({ name }) => name));
  const bound = cluster.placements.filter(({ unit, machineId, hash }) => {
    if (!keeping.has(machineId) || !names.has(unit)) return false;
    return !answering.has(machineId) || factsOf(unit, hash)?.flotilla.fence !== 'stop';
  });
  return new Set(bound);
}

/**
 * Units whose entry or file can't be read, since a malformed value must not stop what runs, and units with a bound
 * placement. A global one is bound only there: it is decided for each machine alone.
 */
function untouchableUnits(
  cluster: ClusterState,
  units: readonly KnownUnit[],
  bound: ReadonlySet<Placement>,
): Set<string> {
  const known = new Map(units.map((unit) => [unit.name, unit]));
  const unreadable = cluster.units.flatMap(({ name }) => (known.has(name) ? [] : name));
  const elsewhere = [...bound].flatMap(({ unit }) => (known.get(unit)?.requirements.global ? [] : unit));
  return new Set([...malformedBelow(cluster, prefixes.unit), ...unreadable, ...elsewhere]);
}

/**
 * Global units of machines that have not been away for long: nobody else could take them over. Those of a machine that
 * is none of the stack any more go with it.
 */
function awaitedPlacements(
  { placements, members }: ClusterState,
  units: readonly KnownUnit[],
  { awaited }: Pick<Grace, 'awaited'>,
): Placement[] {
  const global = new Set(units.flatMap(({ name, requirements }) => (requirements.global ? name : [])));
  const hasLeft = (id: string) => members.size > 0 && !members.has(id);
  return placements.filter(
    ({ unit, machineId }) => awaited.has(machineId) && !hasLeft(machineId) && global.has(unit),
  );
}

/**
 * Untouchable units that machines have which are there: they count there as what they are now, so that nothing
 * comes near them that they exclude. A unit that was global a moment ago is like that, and may run in two versions.
 */
function frozenUnits(
  { placements, machines }: ClusterState,
  untouchable: ReadonlySet<string>,
  factsOf: FactsOf,
): Map<string, KnownUnit> {
  const present = new Set(machines.map(({ id }) => id));
  const found = new Map<string, KnownUnit>();
  for (const { unit: name, machineId, hash, targetState } of placements) {
    if (!untouchable.has(name) || !present.has(machineId)) continue;
    const known = knownUnit({ name, hash, targetState }, factsOf);
    if (known === undefined) continue;
    const other = found.get(name);
    found.set(name, other === undefined ? known : withConflictsOf(known, other));
  }
  return found;
}

/** Both versions of a unit run somewhere, so what either excludes is kept away. */
export function withConflictsOf(unit: KnownUnit, other: KnownUnit): KnownUnit {
  const conflicts = [...new Set([...unit.requirements.conflicts, ...other.requirements.conflicts])];
  return { ...unit, requirements: { ...unit.requirements, conflicts } };
}

function cordons(cluster: ClusterState): Required<Pick<Snapshot, 'cordoned' | 'draining'>> {
  const draining = [...cluster.cordons].flatMap(([id, { drain }]) => (drain ? id : []));
  return { cordoned: new Set(cluster.cordons.keys()), draining: new Set(draining) };
}

/** Units that are not, or not certainly, doing their work on a machine that shall run them. */
function unreadyUnits(cluster: ClusterState, units: readonly KnownUnit[]): Set<string> {
  const unready = launchedPlacements(cluster, units).filter(({ works }) => !works);
  return new Set(unready.map(({ placement }) => placement.unit));
}

/** A placement of a unit that shall run, and whether the version that its machine was told to have does its work. */
export interface LaunchedPlacement {
  readonly placement: Placement;
  /** `pairOf` the placement. */
  readonly pair: string;
  readonly expects: Expectation;
  readonly works: boolean;
}

export function launchedPlacements(
  { placements, statuses }: ClusterState,
  units: readonly KnownUnit[],
): LaunchedPlacement[] {
  const expected = new Map(units.map(({ name, expects }) => [name, expects]));
  const said = new Map(statuses.map((status) => [pairOf(status), status]));
  return placements.flatMap((placement): LaunchedPlacement[] => {
    const expects = expected.get(placement.unit);
    if (placement.targetState !== 'launched' || expects === undefined) return [];
    const pair = pairOf(placement);
    const status = said.get(pair);
    const works = status?.hash === placement.hash && isReady(status, expects);
    return [{ placement, pair, expects, works }];
  });
}

/** Machines that have placements and no key: gone for good or about to come back. */
export function missingMachines({ machines, placements }: ClusterState): Set<string> {
  const present = new Set(machines.map(({ id }) => id));
  return new Set(placements.map(({ machineId }) => machineId).filter((id) => !present.has(id)));
}

function malformedBelow({ malformed }: ClusterState, prefix: string): string[] {
  return malformed.flatMap(({ key }) => (key.startsWith(prefix) ? splitPair(key, prefix)[0] : []));
}
