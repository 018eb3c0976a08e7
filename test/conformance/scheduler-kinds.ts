import * as z from 'zod';
import type { Board } from '../../src/scheduler/board.ts';
import { choose, FitMachines } from '../../src/scheduler/choose.ts';
import { blockerOf, conflictsOn, machineBlocker } from '../../src/scheduler/fit.ts';
import type { Relations } from '../../src/scheduler/relations.ts';
import { schedule } from '../../src/scheduler/schedule.ts';
import type { Snapshot } from '../../src/scheduler/snapshot.ts';
import { templateOf } from '../../src/unit/name.ts';
import { type Case, vectorCase } from './case.ts';
import { boardOf, numberOf, toMachine, toUnit, vectorCluster } from './cluster.ts';
import { option } from './unit-kinds.ts';

type Cluster = z.infer<typeof vectorCluster>;

function unitsOf({ units, global_units }: Cluster) {
  return [...Object.entries(units), ...Object.entries(global_units)].map(
    ([name, { options, target_state }]) => toUnit(name, options, target_state),
  );
}

/** As fleet saw it: units where they are, right or wrong; then global units wherever nothing conflicts. */
function occupy(cluster: Cluster, board: Board): void {
  const machine = new Map(board.machines.map(({ id }, number) => [id, number]));
  for (const [name, unit] of Object.entries(cluster.units)) {
    const at = machine.get(unit.machine);
    if (at !== undefined && unit.target_state !== 'inactive') board.add(numberOf(board, name), at);
  }
  for (const name of Object.keys(cluster.global_units).sort()) {
    const unit = board.relations.numberOf.get(name);
    if (unit === undefined) continue;
    board.machines.forEach((_, at) => {
      const elsewhere = machineBlocker(board, unit, at)?.kind === 'metadata';
      if (!elsewhere && !conflictsOn(board, unit, at)) board.add(unit, at);
    });
  }
}

const decide = vectorCase(
  z.object({ cluster: vectorCluster, job: z.object({ name: z.string(), options: z.array(option) }) }),
  z.object({ machine: z.string().nullable(), error: z.string().nullable() }),
  ({ cluster, job }, expected) => {
    const wanted = toUnit(job.name, job.options, '');
    const board = boardOf(cluster.machines.map(toMachine), [...unitsOf(cluster), wanted]);
    occupy(cluster, board);
    const unit = numberOf(board, job.name);
    const chosen = choose(board, new FitMachines(board), unit);
    const machine = chosen === undefined ? null : (board.machines[chosen]?.id ?? null);
    const none = cluster.machines.length === 0 ? 'zero agents available' : 'no agents able to run job';
    const got = { machine, error: machine === null ? none : null };
    return { expected, got, rule: decideRule(board, unit, chosen, expected.machine) };
  },
);

function decideRule(board: Board, unit: number, chosen: number | undefined, fleets: string | null) {
  const theirs = board.machines.findIndex(({ id }) => id === fleets);
  if (theirs === -1) return undefined;
  if (blockerOf(board, unit, theirs)?.kind === 'replaced') return 'stays-away';
  const instances = board.instances(templateOf(board.relations.units[unit]?.name ?? '') ?? '');
  const fewer = chosen !== undefined && (instances?.[chosen] ?? 0) < (instances?.[theirs] ?? 0);
  return fewer ? 'spread' : undefined;
}

const task = z.object({ type: z.string(), reason: z.string(), unit: z.string(), machine: z.string() });
type FleetTask = z.infer<typeof task>;
type Task = Omit<FleetTask, 'reason'>;

/** Reasons are worded anew and order is ours, so type, unit and machine are compared, as a set. */
const clusterTasks = vectorCase(
  vectorCluster,
  z.object({ tasks: z.array(task), order_significant: z.boolean() }),
  (cluster, { tasks }) => {
    const got = sortTasks(tasksOf(cluster));
    return { expected: sortTasks(tasks), got, rule: tasksRule(cluster, tasks) };
  },
);

function tasksOf(cluster: Cluster): Task[] {
  const tasks = schedule(toSnapshot(cluster)).decisions.map((decision): Task => {
    if (decision.type === 'remove') {
      return { type: 'UnscheduleUnit', unit: decision.unit, machine: decision.machineId };
    }
    const { unit, machineId } = decision.placement;
    return { type: 'AttemptScheduleUnit', unit, machine: machineId };
  });
  // fleet's engine gave global units no tasks: each agent took them by itself.
  return tasks.filter(({ unit }) => !(unit in cluster.global_units));
}

function sortTasks(tasks: readonly Task[]): string[] {
  return tasks.map(({ type, unit, machine }) => `${type} ${unit} ${machine}`).sort();
}

/** A vector does not say where global units are: they are wherever fleet's agents took them. */
function toSnapshot(cluster: Cluster): Snapshot {
  const units = unitsOf(cluster);
  const active = units.filter(({ targetState }) => targetState !== 'inactive');
  const board = boardOf(cluster.machines.map(toMachine), active);
  occupy(cluster, board);
  const placements = units.flatMap(({ name, hash, targetState }) => {
    const global = targetState !== 'inactive' && name in cluster.global_units;
    const machines = global
      ? [...board.machinesOf(numberOf(board, name))].map((at) => board.machines[at]?.id ?? '')
      : [cluster.units[name]?.machine ?? ''].filter((id) => id !== '');
    return machines.map((machineId) => ({ unit: name, machineId, hash, targetState, reason: 'recorded' }));
  });
  return { machines: cluster.machines.map(toMachine), units, placements };
}

/** Names a rule only where rules account for each unit that differs. */
function tasksRule(cluster: Cluster, fleets: readonly FleetTask[]): string | undefined {
  const ours = tasksOf(withGlobalsOn(cluster));
  const differing = [...without(ours, fleets), ...without(fleets, ours)].map(({ unit }) => unit);
  if (differing.length === 0) return 'inactive-global';
  const active = unitsOf(withGlobalsOn(cluster)).filter(({ targetState }) => targetState !== 'inactive');
  const { relations } = boardOf([], active);
  const rules = differing.map((unit) => unitRule({ cluster, relations, ours, fleets }, unit));
  const rule = rules.find((one) => one !== undefined) ?? 'replaced-at-once';
  // What stays or goes by a rule makes its machine more or less loaded, or free for what it excluded.
  const explained = differing.filter((_, at) => rules[at] !== undefined);
  const others = differing.filter((_, at) => rules[at] === undefined);
  const follows = (unit: string) =>
    (explained.length > 0 && comes(ours, unit) && comes(fleets, unit)) ||
    excludesAny(relations, unit, explained);
  return others.every(follows) ? rule : undefined;
}

/** Whether a unit excludes one of these, or one that may be replaced. */
function excludesAny({ conflicts, numberOf, replacers }: Relations, name: string, names: readonly string[]) {
  const excludes = (one: number, other: number) =>
    conflicts.named[one]?.some((glob) => conflicts.matching[other]?.includes(glob));
  const unit = numberOf.get(name) ?? -1;
  return [...numberOf].some(([other, number]) => {
    const goes = names.includes(other) || (replacers[number]?.size ?? 0) > 0;
    return goes && (excludes(unit, number) || excludes(number, unit));
  });
}

function comes(tasks: readonly Task[], name: string): boolean {
  return tasks.some(({ type, unit }) => type === 'AttemptScheduleUnit' && unit === name);
}

interface Both {
  readonly cluster: Cluster;
  readonly relations: Relations;
  readonly ours: readonly Task[];
  readonly fleets: readonly FleetTask[];
}

/** Why a unit may differ: for something about itself, or about a unit that it follows by `MachineOf=`. */
function unitRule(both: Both, name: string): string | undefined {
  const { cluster, relations, fleets } = both;
  const unit = relations.numberOf.get(name) ?? -1;
  const followed = followedBy(relations, unit);
  const all = [name, ...followed.map((number) => relations.units[number]?.name ?? '')];
  const tasks = fleets.filter((task) => all.includes(task.unit));
  if (tasks.some((task) => task.unit in cluster.global_units)) return 'global-moved';
  if ([unit, ...followed].some((number) => relations.circles.has(number))) return 'circle';
  if ([unit, ...followed].some((number) => (relations.replacers[number]?.size ?? 0) > 0))
    return 'replaced-at-once';
  if (tasks.some(({ type, reason }) => type === 'UnscheduleUnit' && reason.includes('found replace')))
    return 'replacer-too';
  return fleets.some((task) => task.unit === name && joinsSibling(both, task)) ? 'spread' : undefined;
}

/** All units that must be where this one is, directly or by way of others. */
function followedBy({ peers }: Relations, unit: number): number[] {
  const found = new Set<number>();
  const add = (from: number) => {
    for (const { number } of peers[from] ?? []) {
      if (number === undefined || found.has(number)) continue;
      found.add(number);
      add(number);
    }
  };
  add(unit);
  return [...found];
}

function withGlobalsOn(cluster: Cluster): Cluster {
  const globals = Object.entries(cluster.global_units).map(([name, unit]) => [
    name,
    { ...unit, target_state: 'launched' },
  ]);
  return { ...cluster, global_units: Object.fromEntries(globals) };
}

function without(tasks: readonly Task[], others: readonly Task[]): readonly Task[] {
  const lines = new Set(sortTasks(others));
  return tasks.filter((task) => !lines.has(sortTasks([task])[0] ?? ''));
}

/** fleet put the unit where another instance of its template is, or where we put one in the same schedule. */
function joinsSibling({ cluster, ours }: Both, { type, unit, machine }: Task): boolean {
  const template = templateOf(unit);
  if (template === undefined || type !== 'AttemptScheduleUnit') return false;
  if (Object.keys(cluster.global_units).some((name) => templateOf(name) === template)) return true;
  const placed = Object.entries(cluster.units).map(([name, { machine }]) => ({ unit: name, machine }));
  const here = [...ours.filter((task) => task.type === type), ...placed];
  return here.some(
    (one) => one.machine === machine && one.unit !== unit && templateOf(one.unit) === template,
  );
}

export const schedulerKinds: Readonly<Record<string, Case>> = {
  'schedule-decide': decide,
  'cluster-tasks': clusterTasks,
};
