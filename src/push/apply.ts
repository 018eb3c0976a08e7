import type { ChangeRequest, PlanReply, UnitView } from '../model/api.ts';
import type { TargetState } from '../model/unit.ts';
import { AgentApi, upPatience } from './api.ts';
import {
  type DesiredSet,
  type Drift,
  diffUnits,
  findDrift,
  machineNames,
  type UnitOperation,
} from './diff.ts';
import { alreadySettled, type FollowOptions, followUnits } from './follow.ts';
import type { Gateway } from './gateway.ts';
import type { Wanted } from './health.ts';
import { persist } from './persist.ts';
import { type PlannedRollout, plannedRollouts } from './rollout.ts';
import { wantedUnit } from './wanted.ts';

export interface PushOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds that etcd may be away while the cluster is read and changed; another default only in tests. */
  readonly patience?: number;
}

/** What `applyUnits` would do now. */
export interface UnitsPlan extends PlanReply {
  readonly operations: readonly UnitOperation[];
  /** Operations that go on instance by instance. */
  readonly rollouts: readonly PlannedRollout[];
  readonly drift: readonly Drift[];
}

/** A unit as the cluster has it. */
export interface UnitRecord {
  readonly name: string;
  readonly hash: string;
  readonly targetState: TargetState;
  readonly machines: readonly MachineRecord[];
}

export interface MachineRecord {
  /** Name of the machine, or its short id when no machine of that id is alive. */
  readonly machine: string;
  /** sha256 of the file that is on the machine. */
  readonly hash: string;
  /** systemd's active and sub state: `active (running)`. */
  readonly state: string;
}

export interface UnitsRead {
  readonly units: readonly UnitRecord[];
  readonly drift: readonly Drift[];
}

export interface UnitsOutcome {
  /** What was done, in order; empty when the cluster had it all. */
  readonly operations: readonly UnitOperation[];
  /** The set's units as they are now. */
  readonly units: readonly UnitRecord[];
}

/** For preview: asks the engine where units would go, and changes nothing. */
export async function planUnits(
  gateways: readonly Gateway[],
  desired: DesiredSet,
  options: PushOptions,
): Promise<UnitsPlan> {
  const api = patient(gateways, options);
  const { units, revision } = await api.units();
  const { machines } = await api.machines();
  const operations = diffUnits(desired, units, machines);
  const drift = findDrift(only(units, names(desired)), machines);
  if (operations.length === 0) return { operations, rollouts: [], drift, moves: [], pending: [] };
  const rollouts = plannedRollouts(desired, operations, units);
  return { operations, rollouts, drift, ...(await api.plan(changeOf(desired, operations, revision))) };
}

/** The named units as they are; those the cluster does not have are missing from the answer. */
export async function readUnits(
  gateways: readonly Gateway[],
  unitNames: readonly string[],
  options: PushOptions,
): Promise<UnitsRead> {
  const api = patient(gateways, options);
  const { units } = await api.units();
  const { machines } = await api.machines();
  const ours = only(units, new Set(unitNames));
  return { units: records(ours, machineNames(machines)), drift: findDrift(ours, machines) };
}

/**
 * Makes the cluster have the set and waits until its units are healthy. An empty set destroys what it applied
 * before. May be repeated at any time: what is there already is not done again.
 *
 * @throws UnitsNotHealthy when the units were applied and did not get well within the deadline; an `ApiError`
 * when the cluster refuses a unit, or with status 409 when somebody else changed one of them just now.
 */
export async function applyUnits(
  gateways: readonly Gateway[],
  desired: DesiredSet,
  options: FollowOptions & PushOptions,
): Promise<UnitsOutcome> {
  const api = patient(gateways, options);
  const operations = await change(api, desired, options.log);
  const settle = operations.length === 0 ? { settle: alreadySettled } : {};
  // It has a deadline of its own, in which etcd may be away.
  const follower = new AgentApi(gateways, options);
  const { views, machineName } = await followUnits(follower, wantedOf(desired, operations), {
    ...settle,
    ...options,
  });
  return { operations, units: records(only(views, names(desired)), machineName) };
}

function patient(gateways: readonly Gateway[], { patience = upPatience, ...options }: PushOptions): AgentApi {
  return new AgentApi(gateways, { ...options, patience });
}

async function change(
  api: AgentApi,
  desired: DesiredSet,
  log: (line: string) => void,
): Promise<readonly UnitOperation[]> {
  const done: UnitOperation[] = [];
  return await persist(log, async (attempt) => {
    const { units, revision } = await api.units();
    if (attempt === 1) log(`asking the agent on ${api.machine}`);
    const { machines } = await api.machines();
    const operations = diffUnits(desired, units, machines);
    if (operations.length === 0) return done;
    for (const { type, unit, reason } of operations) log(`${type} ${unit}: ${reason}`);
    done.push(...operations.filter((each) => !done.some((before) => sameOperation(before, each))));
    await api.apply(changeOf(desired, operations, revision));
    return done;
  });
}

function sameOperation(a: UnitOperation, b: UnitOperation): boolean {
  return a.type === b.type && a.unit === b.unit;
}

function changeOf(
  desired: DesiredSet,
  operations: readonly UnitOperation[],
  revision: string,
): ChangeRequest {
  const changed = new Set(operations.map((operation) => operation.unit));
  const put = desired.units
    .filter((unit) => changed.has(unit.name))
    .map(({ name, contents, targetState }) => ({ name, contents, targetState }));
  const destroy = operations.filter(({ type }) => type === 'destroy').map(({ unit }) => unit);
  return { put, destroy, revision };
}

function wantedOf(desired: DesiredSet, operations: readonly UnitOperation[]): Wanted {
  return {
    units: desired.units.map(({ name, contents, targetState }) => wantedUnit(name, contents, targetState)),
    gone: operations.filter(({ type }) => type === 'destroy').map(({ unit }) => unit),
  };
}

function records(views: readonly UnitView[], machineName: (id: string) => string): readonly UnitRecord[] {
  return views.map(({ name, hash, targetState, states }) => ({
    name,
    hash,
    targetState,
    machines: states.map((state) => ({
      machine: machineName(state.machineId),
      hash: state.hash,
      state: `${state.active} (${state.sub})`,
    })),
  }));
}

function only(views: readonly UnitView[], wanted: ReadonlySet<string>): readonly UnitView[] {
  return views.filter((view) => wanted.has(view.name));
}

function names(desired: DesiredSet): ReadonlySet<string> {
  return new Set(desired.units.map((unit) => unit.name));
}
