import type { UnitView } from '../model/api.ts';
import { compare } from '../model/compare.ts';
import type { Machine } from '../model/machine.ts';
import type { Reason } from '../model/reason.ts';
import type { TargetState, UnitFile } from '../model/unit.ts';
import { hashOf } from '../unit/hash.ts';

/** A unit as the user wants it. Instances of templates are expanded before: each has its own name. */
export interface DesiredUnit extends UnitFile {
  readonly targetState: TargetState;
}

/** What a set of units shall be, and which it was when it was last applied. */
export interface DesiredSet {
  readonly units: readonly DesiredUnit[];
  /** Names this set applied before. Those not in `units` any more are destroyed; units of others never are. */
  readonly previous: readonly string[];
}

/** The words a user reads in the plan; `start`, `stop`, `load` and `unload` mean what they mean to fleetctl. */
export type OperationType = 'create' | 'update' | 'repair' | 'start' | 'stop' | 'load' | 'unload' | 'destroy';

export interface UnitOperation {
  readonly type: OperationType;
  readonly unit: string;
  readonly reason: Reason;
}

/** A machine that does not have what the cluster decided for it. */
export interface Drift {
  readonly unit: string;
  /** Name of the machine, or its short id when no machine of that id is alive. */
  readonly machine: string;
  readonly reason: Reason;
}

/** `[from][to]`: which verb leads from one target state to another. */
const verbs: Readonly<Record<TargetState, Readonly<Record<TargetState, OperationType | undefined>>>> = {
  inactive: { inactive: undefined, loaded: 'load', launched: 'start' },
  loaded: { inactive: 'unload', loaded: undefined, launched: 'start' },
  launched: { inactive: 'unload', loaded: 'stop', launched: undefined },
};

/**
 * What has to be done so that the cluster has the set, by unit name, with destructions last: what replaces a
 * unit is there before the unit goes. One unit can need two operations, new contents and a new target state.
 */
export function diffUnits(
  desired: DesiredSet,
  remote: readonly UnitView[],
  machines: readonly Machine[],
): readonly UnitOperation[] {
  const views = new Map(remote.map((view) => [view.name, view]));
  const wanted = new Set(desired.units.map((unit) => unit.name));
  const kept = desired.units
    .toSorted((a, b) => compare(a.name, b.name))
    .flatMap((unit) => operationsFor(unit, views.get(unit.name), machines));
  const gone = [...new Set(desired.previous)]
    .filter((name) => !wanted.has(name) && views.has(name))
    .sort(compare)
    .map((unit): UnitOperation => ({ type: 'destroy', unit, reason: 'no longer in the unit set' }));
  return [...kept, ...gone];
}

function operationsFor(
  unit: DesiredUnit,
  view: UnitView | undefined,
  machines: readonly Machine[],
): readonly UnitOperation[] {
  if (!view) {
    const reason = `not in the cluster yet, target state ${unit.targetState}`;
    return [{ type: 'create', unit: unit.name, reason }];
  }
  const content = contentOperation(unit, view, machines);
  const verb = verbs[view.targetState][unit.targetState];
  const reason = `target state changes from ${view.targetState} to ${unit.targetState}`;
  return [...(content ? [content] : []), ...(verb ? [{ type: verb, unit: unit.name, reason }] : [])];
}

/** New contents go to every machine, so there is nothing to repair besides. */
function contentOperation(
  unit: DesiredUnit,
  view: UnitView,
  machines: readonly Machine[],
): UnitOperation | undefined {
  const hash = hashOf(unit.contents);
  if (view.hash !== hash) {
    const reason = `contents changed, ${shortHash(view.hash)} to ${shortHash(hash)}`;
    return { type: 'update', unit: unit.name, reason };
  }
  const edited = editedFiles(view, machines);
  if (edited.length === 0) return undefined;
  const reason = edited.map((drift) => `on ${drift.machine} ${drift.reason}`).join(', ');
  return { type: 'repair', unit: unit.name, reason };
}

/** Where machines differ from what the cluster decided. */
export function findDrift(remote: readonly UnitView[], machines: readonly Machine[]): readonly Drift[] {
  return remote.flatMap((view) => [...editedFiles(view, machines), ...unreported(view, machines)]);
}

/**
 * A machine whose turn in a rollout has not come does not count. Right after a change an agent may not have caught
 * up yet, which a second look tells apart.
 */
function editedFiles(view: UnitView, machines: readonly Machine[]): readonly Drift[] {
  const name = machineNames(machines);
  const current = new Set(
    view.placements.filter(({ hash }) => hash === view.hash).map(({ machineId }) => machineId),
  );
  return view.states
    .filter((state) => current.has(state.machineId) && state.hash !== view.hash)
    .map((state) => ({
      unit: view.name,
      machine: name(state.machineId),
      reason: `the file was edited by hand: it is ${shortHash(state.hash)}, not ${shortHash(view.hash)}`,
    }));
}

function unreported(view: UnitView, machines: readonly Machine[]): readonly Drift[] {
  const name = machineNames(machines);
  const reporting = new Set(view.states.map(({ machineId }) => machineId));
  return view.placements
    .filter(({ machineId }) => !reporting.has(machineId))
    .map(({ machineId }) => ({
      unit: view.name,
      machine: name(machineId),
      reason: 'it was given the unit and reports nothing of it',
    }));
}

/** Turns ids into names for messages; an id without a living machine becomes its first 8 digits. */
export function machineNames(machines: readonly Machine[]): (id: string) => string {
  const names = new Map(machines.map((machine) => [machine.id, machine.name]));
  return (id) => names.get(id) ?? id.slice(0, 8);
}

/** As long as fleetctl and git show them. */
export function shortHash(hash: string): string {
  return hash.slice(0, 7);
}
