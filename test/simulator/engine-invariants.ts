import { type Placement, pairOf } from '../../src/model/placement.ts';
import type { ClusterState } from '../../src/store/cluster-state.ts';
import type { Finding } from './finding.ts';
import { brokenConstraint, type NeedsOf, replacement } from './needs.ts';

/** A transaction over placements that the store accepted. */
export interface EngineWrite {
  readonly writer: { readonly id: string; readonly name: string };
  /** Who held the leader's key when the store accepted it. */
  readonly leader: string | undefined;
  /** The cluster as the writer knew it. */
  readonly view: ClusterState;
  readonly put: readonly Placement[];
  readonly removed: readonly Pick<Placement, 'unit' | 'machineId'>[];
  /** Seconds since the writer became leader. */
  readonly leaderFor: number;
  /** Seconds since the key of each missing machine vanished from the store. */
  readonly missingFor: ReadonlyMap<string, number>;
  readonly needsOf: NeedsOf;
}

/** The placements after a write, as far as its writer knew. */
function placementsAfter({ view, put, removed }: EngineWrite): Placement[] {
  const gone = new Set([...put, ...removed].map(pairOf));
  const kept = view.placements.filter((placement) => !gone.has(pairOf(placement)));
  return [...kept, ...put];
}

function othersOn(
  placements: readonly Placement[],
  { unit, machineId }: Pick<Placement, 'unit' | 'machineId'>,
  needsOf: NeedsOf,
) {
  return placements
    .filter((other) => other.machineId === machineId && other.unit !== unit)
    .map((other) => ({ unit: other.unit, needs: needsOf(other.unit, other.hash) }));
}

/** Two leaders may believe that they lead; only one can write. */
export function onlyTheLeaderWrites({ writer, leader }: EngineWrite): Finding {
  return leader === writer.id
    ? undefined
    : `${writer.name} wrote placements while the leader's key was held by ${leader ?? 'nobody'}`;
}

export function placementsKeepConstraints(write: EngineWrite): Finding {
  const { view, put, needsOf } = write;
  const after = placementsAfter(write);
  for (const placement of put) {
    const { unit, machineId, hash } = placement;
    const machine = view.machines.find(({ id }) => id === machineId);
    if (!machine) return `${unit} was placed on ${machineId}, which the writer knew to be missing`;
    const needs = needsOf(unit, hash);
    const others = othersOn(after, placement, needsOf);
    const broken = needs && brokenConstraint({ unit, needs, machine, others });
    if (broken) return `${unit} was placed on ${machine.name} although ${broken}`;
  }
  return undefined;
}

export function placedOnceUnlessGlobal(write: EngineWrite): Finding {
  const after = placementsAfter(write);
  for (const { unit, hash } of write.put) {
    if (write.needsOf(unit, hash)?.requirements.global) continue;
    const places = after.filter((other) => other.unit === unit);
    if (places.length > 1) return `${unit} was placed on ${places.length} machines`;
  }
  return undefined;
}

/** What can be said for taking a unit off a machine. */
const causes: Readonly<Record<string, (write: EngineWrite, placement: Placement) => boolean>> = {
  'unit destroyed or inactive': ({ view }, { unit }) =>
    !view.units.some(({ name, targetState }) => name === unit && targetState !== 'inactive'),
  'machine missing': ({ view }, { machineId }) => !view.machines.some(({ id }) => id === machineId),
  'machine drains': ({ view }, { machineId }) => view.cordons.get(machineId)?.drain === true,
  'its file changed': ({ view }, { unit, hash }) =>
    view.units.some((wanted) => wanted.name === unit && wanted.hash !== hash),
  'rebalance asked for': ({ view }) => view.rebalance !== undefined,
  'failed there': ({ view }, { unit, machineId }) =>
    view.statuses.some((it) => it.unit === unit && it.machineId === machineId && it.active !== 'active'),
  'is elsewhere already': ({ view }, { unit, machineId }) =>
    view.placements.some((other) => other.unit === unit && other.machineId !== machineId),
  'not allowed there': (write, placement) => !mayStay(write, placement),
};

/** Whether the unit could be on its machine beside what is there after the write. */
function mayStay(write: EngineWrite, { unit, machineId }: Placement): boolean {
  const { view, needsOf } = write;
  const hash = view.units.find(({ name }) => name === unit)?.hash ?? '';
  const machine = view.machines.find(({ id }) => id === machineId);
  const needs = needsOf(unit, hash);
  if (!machine || !needs) return true;
  // A new version that a rollout holds back may already be the one that needs the room.
  const held = view.units.map((wanted) => ({ ...wanted, machineId }));
  const there = placementsAfter(write).filter((other) => other.machineId === machineId);
  const coming = held.filter((wanted) => there.some((other) => other.unit === wanted.name));
  const others = [
    ...othersOn(there, { unit, machineId }, needsOf),
    ...coming.map(({ name, hash }) => ({ unit: name, needs: needsOf(name, hash) })),
  ].filter((other) => other.unit !== unit);
  return !brokenConstraint({ unit, needs, machine, others }) && !replacement({ unit, others });
}

/** A unit that may stay where it is stays. */
export function removalsHaveCauses(write: EngineWrite): Finding {
  const { view, writer } = write;
  for (const { unit, machineId } of write.removed) {
    const placement = view.placements.find((it) => it.unit === unit && it.machineId === machineId);
    if (!placement || Object.values(causes).some((holds) => holds(write, placement))) continue;
    const machine = view.machines.find(({ id }) => id === machineId)?.name ?? machineId;
    return `${writer.name} took ${unit} from ${machine} without a cause (${Object.keys(causes).join(', ')})`;
  }
  return undefined;
}

/** Seconds; what `src/agent/engine/grace.ts` promises, written down anew. */
const grace = { missing: 3, newLeader: 3, most: 60 };

/** A machine that can't be seen is not dead yet (fleet's #1289 and #1690). */
export function blindnessIsNotDeath(write: EngineWrite): Finding {
  const { view, removed, missingFor, leaderFor, writer } = write;
  const present = new Set(view.machines.map(({ id }) => id));
  const absent = [...new Set(view.placements.map((it) => it.machineId))].filter((id) => !present.has(id));
  const mostAbsent = absent.length > 1 && absent.length > present.size;
  const wanted = new Set(view.units.map(({ name }) => name));
  for (const { unit, machineId } of removed) {
    if (present.has(machineId) || !wanted.has(unit)) continue;
    const since = missingFor.get(machineId) ?? 0;
    const claim = `${writer.name} took ${unit} from ${machineId}`;
    if (leaderFor < grace.newLeader) return `${claim} after only ${leaderFor} s as leader`;
    if (since < grace.missing) return `${claim}, which was missing for only ${since} s`;
    if (mostAbsent && since < grace.most)
      return `${claim} although most machines vanished only ${since} s ago`;
  }
  return undefined;
}
