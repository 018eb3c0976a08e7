import { type Placement, pairOf } from '../../model/placement.ts';
import { type Expectation, isReady } from '../../model/readiness.ts';
import type { UnitStatus } from '../../model/status.ts';
import type { Unit } from '../../model/unit.ts';
import type { Snapshot } from '../../scheduler/snapshot.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { prefixes, splitPair } from '../../store/keys.ts';
import type { Grace } from './grace.ts';
import { type FactsReader, readFacts, type UnitFacts } from './unit-facts.ts';

/** A unit whose file is in the store. */
export interface KnownUnit extends Unit, UnitFacts {}

/** What the scheduler is asked, and what it must not be asked about. */
export interface ClusterSnapshot extends Snapshot {
  readonly units: readonly KnownUnit[];
  /** Something about them can't be known. Those among `units` are there for the others to see. */
  readonly untouchable: ReadonlySet<string>;
}

/**
 * The scheduler's view of the cluster. Units on `held` machines are left out together with their placements
 * there: they stay where they are, and no other machine is asked to take them; fenced ones on `answering` machines
 * excepted. Global units of `awaited` machines stay as well. The same goes for units whose entry or file can't be read: a malformed value must not stop what runs.
 */
export function snapshotOf(
  cluster: ClusterState,
  { held, awaited, answering }: Omit<Grace, 'until'>,
  read: FactsReader = readFacts,
): ClusterSnapshot {
  const kept = new Set([...held, ...malformedBelow(cluster, prefixes.machine)]);
  const fenced = fencedPlacements(cluster, answering, read);
  const unreadable = new Set(malformedBelow(cluster, prefixes.unit));
  const known = new Set(cluster.units.map(({ name }) => name));
  const units = cluster.units.flatMap((unit): KnownUnit[] => {
    const contents = cluster.files.get(unit.hash);
    if (contents === undefined) unreadable.add(unit.name);
    return contents === undefined ? [] : [{ ...unit, ...read(unit, contents) }];
  });
  const global = new Set(units.flatMap(({ name, requirements }) => (requirements.global ? name : [])));
  const untouchable = new Set(unreadable);
  for (const placement of cluster.placements) {
    const { unit, machineId } = placement;
    const may = !kept.has(machineId) || fenced.has(placement);
    if (!may && known.has(unit) && !global.has(unit)) untouchable.add(unit);
  }
  const frozen = frozenUnits(cluster, untouchable, read);
  const stays = (placement: Placement) => {
    const { unit, machineId } = placement;
    if (untouchable.has(unit) && !frozen.has(unit)) return true;
    if (awaited.has(machineId) && global.has(unit)) return true;
    return kept.has(machineId) && known.has(unit) && !fenced.has(placement);
  };
  return {
    machines: cluster.machines,
    units: [...units.filter(({ name }) => !untouchable.has(name)), ...frozen.values()],
    placements: cluster.placements.filter((placement) => !stays(placement)),
    ...cordons(cluster),
    unready: unreadyUnits(cluster, units),
    untouchable,
  };
}

/**
 * Untouchable units that machines have which are there: they count there as what they are now, so that nothing
 * comes near them that they exclude. A unit that was global a moment ago is like that, and may run in two versions.
 */
function frozenUnits(
  { placements, machines, files }: ClusterState,
  untouchable: ReadonlySet<string>,
  read: FactsReader,
): Map<string, KnownUnit> {
  const present = new Set(machines.map(({ id }) => id));
  const found = new Map<string, KnownUnit>();
  for (const { unit: name, machineId, hash, targetState } of placements) {
    const contents = files.get(hash);
    if (!untouchable.has(name) || !present.has(machineId) || contents === undefined) continue;
    const unit = { name, hash, targetState };
    const known = { ...unit, ...read(unit, contents) };
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

/** Placements of units that their machine has stopped itself, because it lost its lease. */
function fencedPlacements(
  { placements, files }: ClusterState,
  machines: ReadonlySet<string>,
  read: FactsReader,
): Set<Placement> {
  const fenced = placements.filter(({ unit: name, machineId, hash, targetState }) => {
    const contents = machines.has(machineId) ? files.get(hash) : undefined;
    return contents !== undefined && read({ name, hash, targetState }, contents).flotilla.fence === 'stop';
  });
  return new Set(fenced);
}

function cordons(cluster: ClusterState): Required<Pick<Snapshot, 'cordoned' | 'draining'>> {
  const draining = [...cluster.cordons].flatMap(([id, { drain }]) => (drain ? id : []));
  return { cordoned: new Set(cluster.cordons.keys()), draining: new Set(draining) };
}

/** Units that are not, or not certainly, doing their work on a machine that shall run them. */
function unreadyUnits({ placements, statuses }: ClusterState, units: readonly KnownUnit[]): Set<string> {
  const known = new Map(units.map((unit) => [unit.name, unit]));
  const said = new Map(statuses.map((status) => [pairOf(status), status]));
  const unready = placements.filter((placement) => {
    const expects = known.get(placement.unit)?.expects;
    if (placement.targetState !== 'launched' || expects === undefined) return false;
    return !isWorking(placement, said.get(pairOf(placement)), expects);
  });
  return new Set(unready.map(({ unit }) => unit));
}

/** Whether the version that its machine was told to have does its work there. */
export function isWorking(
  { hash }: Placement,
  status: UnitStatus | undefined,
  expects: Expectation,
): boolean {
  return status?.hash === hash && isReady(status, expects);
}

/** Machines that have placements and no key: gone for good or about to come back. */
export function missingMachines({ machines, placements }: ClusterState): Set<string> {
  const present = new Set(machines.map(({ id }) => id));
  return new Set(placements.map(({ machineId }) => machineId).filter((id) => !present.has(id)));
}

function malformedBelow({ malformed }: ClusterState, prefix: string): string[] {
  return malformed.flatMap(({ key }) => (key.startsWith(prefix) ? splitPair(key, prefix)[0] : []));
}
