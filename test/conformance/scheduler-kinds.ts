import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Board } from '../../src/scheduler/board.ts';
import { choose, FitMachines } from '../../src/scheduler/choose.ts';
import { blockerOf } from '../../src/scheduler/fit.ts';
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
    const unit = numberOf(board, name);
    board.machines.forEach((_, at) => {
      if (blockerOf(board, unit, at) === undefined) board.add(unit, at);
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
type Task = Pick<z.infer<typeof task>, 'type' | 'unit' | 'machine'>;

/** Reasons are worded anew and order is ours, so type, unit and machine are compared, as a set. */
const clusterTasks = vectorCase(
  vectorCluster,
  z.object({ tasks: z.array(task), order_significant: z.boolean() }),
  (cluster, { tasks }) => {
    const ours = tasksOf(cluster);
    return { expected: sortTasks(tasks), got: sortTasks(ours), rule: tasksRule(cluster, ours, tasks) };
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

function toSnapshot(cluster: Cluster): Snapshot {
  const units = unitsOf(cluster);
  const placements = units.flatMap(({ name, hash, targetState }) => {
    const machineId = cluster.units[name]?.machine ?? '';
    return machineId === '' ? [] : [{ unit: name, machineId, hash, targetState, reason: 'recorded' }];
  });
  return { machines: cluster.machines.map(toMachine), units, placements };
}

/** Names a rule only where it accounts for all that differs. */
function tasksRule(cluster: Cluster, ours: readonly Task[], fleets: readonly Task[]): string | undefined {
  if (isDeepStrictEqual(sortTasks(tasksOf(withGlobalsOn(cluster))), sortTasks(fleets)))
    return 'inactive-global';
  const differing = [...without(ours, fleets), ...without(fleets, ours)].map(({ unit }) => unit);
  if (differing.every((name) => name in cluster.global_units)) return 'global-moved';
  const active = unitsOf(cluster).filter(({ targetState }) => targetState !== 'inactive');
  const { relations } = boardOf([], active);
  const all = (test: (unit: number) => boolean) =>
    differing.every((name) => test(relations.numberOf.get(name) ?? -1));
  if (all((unit) => relations.circles.has(unit))) return 'circle';
  if (all((unit) => (relations.replacers[unit]?.size ?? 0) > 0)) return 'replaced-at-once';
  return without(fleets, ours).some((task) => joinsSibling(task, ours)) ? 'spread' : undefined;
}

function withGlobalsOn(cluster: Cluster): Cluster {
  const globals = Object.entries(cluster.global_units).map(([name, unit]) => [
    name,
    { ...unit, target_state: 'launched' },
  ]);
  return { ...cluster, global_units: Object.fromEntries(globals) };
}

function without(tasks: readonly Task[], others: readonly Task[]): Task[] {
  const lines = new Set(sortTasks(others));
  return tasks.filter((task) => !lines.has(sortTasks([task])[0] ?? ''));
}

/** fleet put the unit where we put another instance of its template in the same schedule. */
function joinsSibling({ type, unit, machine }: Task, ours: readonly Task[]): boolean {
  const template = templateOf(unit);
  const siblings = ours.filter(
    (task) => task.type === type && task.machine === machine && task.unit !== unit,
  );
  return template !== undefined && siblings.some((task) => templateOf(task.unit) === template);
}

export const schedulerKinds: Readonly<Record<string, Case>> = {
  'schedule-decide': decide,
  'cluster-tasks': clusterTasks,
};
