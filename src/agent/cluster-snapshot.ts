import type { Unit } from '../model/unit.ts';
import type { Snapshot, WantedUnit } from '../scheduler/snapshot.ts';
import type { ClusterState } from '../store/cluster-state.ts';
import { prefixes, splitPair } from '../store/keys.ts';
import { parseUnit } from '../unit/parse.ts';
import { type Requirements, readRequirements } from '../unit/requirements.ts';
import type { Grace } from './grace.ts';

/** What the scheduler is asked, and what it must not be asked about. */
export interface ClusterSnapshot extends Snapshot {
  /** Units that nothing may be decided about now, because something about them can't be known. */
  readonly untouchable: ReadonlySet<string>;
}

/**
 * The scheduler's view of the cluster. Units on `held` machines are left out together with their placements
 * there: they stay where they are, and no other machine is asked to take them. Global units of `awaited` machines
 * stay as well. The same goes for units whose
 * entry or file can't be read: a malformed value must not stop what runs.
 */
export function snapshotOf(
  cluster: ClusterState,
  { held, awaited }: Pick<Grace, 'held' | 'awaited'>,
  read: RequirementsReader = readFromFile,
): ClusterSnapshot {
  const kept = new Set([...held, ...malformedBelow(cluster, prefixes.machine)]);
  const untouchable = new Set(malformedBelow(cluster, prefixes.unit));
  const known = new Set(cluster.units.map(({ name }) => name));
  const units = cluster.units.flatMap((unit): WantedUnit[] => {
    const contents = cluster.files.get(unit.hash);
    if (contents === undefined) untouchable.add(unit.name);
    return contents === undefined ? [] : [{ ...unit, requirements: read(unit, contents) }];
  });
  const global = new Set(units.flatMap(({ name, requirements }) => (requirements.global ? name : [])));
  for (const { unit, machineId } of cluster.placements) {
    if (kept.has(machineId) && known.has(unit) && !global.has(unit)) untouchable.add(unit);
  }
  const stays = (unit: string, machineId: string) =>
    untouchable.has(unit) || ((kept.has(machineId) || awaited.has(machineId)) && global.has(unit));
  return {
    machines: cluster.machines,
    units: units.filter(({ name }) => !untouchable.has(name)),
    placements: cluster.placements.filter(({ unit, machineId }) => !stays(unit, machineId)),
    untouchable,
  };
}

/** Machines that have placements and no key: gone for good or about to come back. */
export function missingMachines({ machines, placements }: ClusterState): Set<string> {
  const present = new Set(machines.map(({ id }) => id));
  return new Set(placements.map(({ machineId }) => machineId).filter((id) => !present.has(id)));
}

function malformedBelow({ malformed }: ClusterState, prefix: string): string[] {
  return malformed.flatMap(({ key }) => (key.startsWith(prefix) ? splitPair(key, prefix)[0] : []));
}

/** Reads what a unit file asks for. */
export type RequirementsReader = (unit: Unit, contents: string) => Requirements;

const readFromFile: RequirementsReader = ({ name }, contents) =>
  readRequirements(name, parseUnit(contents).options);

/** For a reader that lives long: requirements follow from name and hash, so each file is parsed once. */
export function rememberRequirements(limit = 20_000): RequirementsReader {
  const known = new Map<string, Requirements>();
  return (unit, contents) => {
    const key = `${unit.hash} ${unit.name}`;
    const requirements = known.get(key) ?? readFromFile(unit, contents);
    if (known.size >= limit) known.clear();
    known.set(key, requirements);
    return requirements;
  };
}
