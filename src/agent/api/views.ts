import type { MachinesReply, PlannedMove, PlanReply, UnitsReply, UnitView } from '../../model/api.ts';
import type { Reason } from '../../model/reason.ts';
import type { TargetState, Unit } from '../../model/unit.ts';
import { schedule } from '../../scheduler/schedule.ts';
import type { Decision } from '../../scheduler/snapshot.ts';
import { type ClusterState, machineNames } from '../../store/cluster-state.ts';
import { missingMachines, snapshotOf } from '../engine/cluster-snapshot.ts';
import { ApiError } from './api-error.ts';
import { machineView } from './cordon.ts';

/** A unit as it shall be, with its file. */
export interface PutUnit extends Unit {
  readonly contents: string;
}

export interface Change {
  readonly put: readonly PutUnit[];
  readonly destroy: readonly string[];
  /** Units that keep their file. */
  readonly targets: readonly { readonly name: string; readonly targetState: TargetState }[];
}

/**
 * The units whose target state a change turns, as they shall be.
 * @throws {ApiError} 404 when one is unknown.
 */
export function retargeted({ units }: ClusterState, { targets }: Change): Unit[] {
  const known = new Map(units.map((unit) => [unit.name, unit]));
  const unknown = targets.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (unknown.length > 0) throw new ApiError(404, `there is no unit ${unknown.join(', ')}`);
  const wanted = new Map(targets.map(({ name, targetState }) => [name, targetState]));
  return [...wanted].flatMap(([name, targetState]) => {
    const unit = known.get(name);
    return unit === undefined || unit.targetState === targetState ? [] : [{ ...unit, targetState }];
  });
}

export function machinesReply(cluster: ClusterState): MachinesReply {
  const { machines, leader } = cluster;
  const views = machines.map((machine) => machineView(machine, cluster));
  return { machines: views, ...(leader !== undefined && { leader }) };
}

export function unitsReply(cluster: ClusterState): UnitsReply {
  const pending = pendingReasons(cluster);
  const placements = byUnit(cluster.placements);
  const states = byUnit(cluster.statuses);
  const units = cluster.units.map((unit): UnitView => {
    const placed = placements.get(unit.name) ?? [];
    const reason = placed.length === 0 ? pending.get(unit.name) : undefined;
    const view = { ...unit, placements: placed, states: states.get(unit.name) ?? [] };
    return { ...view, ...(reason !== undefined && { pending: reason }) };
  });
  return { revision: String(cluster.revision), units };
}

/** @throws {ApiError} 404 for a unit that the cluster does not have. */
export function unitView(cluster: ClusterState, name: string): UnitView {
  const view = unitsReply(cluster).units.find((unit) => unit.name === name);
  if (view === undefined) throw new ApiError(404, `there is no unit ${name}`);
  return view;
}

function byUnit<T extends { readonly unit: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.unit, [...(groups.get(item.unit) ?? []), item]);
  return groups;
}

/**
 * Why units wait. Nobody stores that: the same pure scheduler is asked over what the store has now, so the answer is
 * never out of date. But it knows neither failures nor what a rollout holds back, which the leader alone remembers.
 * Units of machines that are missing count as placed there.
 */
function pendingReasons(cluster: ClusterState): Map<string, Reason> {
  const snapshot = snapshotOf(cluster, holdingAllMissing(cluster));
  const unreadable = [...snapshot.untouchable].map((unit): [string, Reason] => [
    unit,
    'its entry or its file in the store is missing or malformed',
  ]);
  const { pending, decisions } = schedule(snapshot);
  const soon = decisions.flatMap((decision): [string, Reason][] =>
    decision.type === 'place' ? [[decision.placement.unit, 'the engine has not placed it yet']] : [],
  );
  const reasons = pending.map(({ unit, reason }): [string, Reason] => [unit, reason]);
  return new Map([...unreadable, ...soon, ...reasons]);
}

/** What the engine will do when `change` is made now. Writes nothing. */
export function planReply(cluster: ClusterState, change: Change): PlanReply {
  const changed = withChange(cluster, change);
  const { decisions, pending } = schedule(snapshotOf(changed, holdingAllMissing(changed)));
  return { moves: movesOf(decisions, changed), pending };
}

function withChange(cluster: ClusterState, change: Change): ClusterState {
  const { put, destroy } = change;
  const turned = retargeted(cluster, change);
  const replaced = new Set([...destroy, ...[...put, ...turned].map(({ name }) => name)]);
  const kept = cluster.units.filter(({ name }) => !replaced.has(name));
  const added = put.map(({ name, hash, targetState }) => ({ name, hash, targetState }));
  const files = new Map([
    ...cluster.files,
    ...put.map(({ hash, contents }): [string, string] => [hash, contents]),
  ]);
  return { ...cluster, units: [...kept, ...added, ...turned], files };
}

/** A unit that leaves one machine for another is one move; one that only leaves is a move to nowhere. */
export function movesOf(decisions: readonly Decision[], cluster: ClusterState): PlannedMove[] {
  const nameOf = machineNames(cluster);
  const placed = new Set(
    decisions.flatMap((decision) => (decision.type === 'place' ? decision.placement.unit : [])),
  );
  return decisions.flatMap((decision): PlannedMove[] => {
    if (decision.type === 'place') {
      const { unit, machineId, reason } = decision.placement;
      return [{ unit, machine: nameOf(machineId), reason }];
    }
    return placed.has(decision.unit) ? [] : [{ unit: decision.unit, reason: decision.reason }];
  });
}

/** The API can't know since when a machine is missing, so it takes nothing from any: the engine will say. */
export function holdingAllMissing(cluster: ClusterState) {
  const missing = missingMachines(cluster);
  return { held: missing, awaited: missing, answering: new Set<string>() };
}
