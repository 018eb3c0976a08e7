import * as z from 'zod';
import { reconcile, type UnitAction } from '../../src/agent/machine/reconcile.ts';
import type { ManagedUnit } from '../../src/agent/systemd/systemd.ts';
import type { Placement } from '../../src/model/placement.ts';
import { readTargetState } from '../../src/unit/check-manifest.ts';
import { type Case, vectorCase } from './case.ts';

const current = z.record(z.string(), z.object({ hash: z.string(), state: z.string() }));
const desired = z.record(z.string(), z.object({ hash: z.string(), target_state: z.string() }));
const state = z.object({ current, desired });

type Current = z.infer<typeof current>;
type Desired = z.infer<typeof desired>;

interface Task {
  readonly reason: string;
  readonly type: string;
  readonly unit?: string;
}

/** A unit that is inactive has no placement: the engine takes it from its machine. */
function placementsOf(units: Desired): Placement[] {
  return Object.entries(units).flatMap(([unit, { hash, target_state }]) => {
    const targetState = readTargetState(target_state) ?? 'inactive';
    return targetState === 'inactive' ? [] : [{ unit, machineId: 'm', hash, targetState, reason: '' }];
  });
}

/** A unit that fleet calls inactive has no file on the machine, so we do not have it. */
function managedUnits(units: Current): ManagedUnit[] {
  return Object.entries(units).flatMap(([name, { hash, state }]) => {
    if (state === 'inactive') return [];
    const started = state === 'launched';
    const systemd = started
      ? { load: 'loaded', active: 'active', sub: 'running' }
      : { load: 'loaded', active: 'inactive', sub: 'dead' };
    return [{ name, hash, contents: '', ...systemd, result: 'success', started }];
  });
}

const load = 'unit scheduled here but not loaded';

/** What one operation of ours is in fleet's words. Stopping a unit whose file changes or goes is part of that. */
function tasksOf({ type, unit }: UnitAction, present: boolean, changes: boolean): Task[] {
  switch (type) {
    case 'install': {
      const unload = { type: 'UnloadUnit', reason: 'unit loaded but hash differs to expected', unit };
      return [...(present ? [unload] : []), { type: 'LoadUnit', reason: load, unit }];
    }
    case 'remove':
      return [{ type: 'UnloadUnit', reason: 'unit loaded but not scheduled here', unit }];
    case 'stop':
      return changes
        ? []
        : [{ type: 'StopUnit', reason: 'unit currently launched but desired state is loaded', unit }];
    default:
      return [{ type: 'StartUnit', reason: 'unit currently loaded but desired state is launched', unit }];
  }
}

/** fleet's order within what we do in one go: first all unloads, then all loads, each by name. */
const order = ['StopUnit', 'UnloadUnit', 'LoadUnit', 'ReloadUnitFiles', 'StartUnit'];

function fleetTasks(units: Current, wanted: Desired): Task[] {
  const managed = managedUnits(units);
  const operations = reconcile(placementsOf(wanted), managed);
  const present = new Set(managed.map(({ name }) => name));
  const changing = new Set(
    operations.filter(({ type }) => type === 'install' || type === 'remove').map(({ unit }) => unit),
  );
  const tasks = operations.flatMap((operation) =>
    tasksOf(operation, present.has(operation.unit), changing.has(operation.unit)),
  );
  // Ours come by operation: what is installed anew is unloaded by the same step, before what only goes.
  return inOrder(tasks.sort(({ unit: one = '' }, { unit: other = '' }) => (one < other ? -1 : 1)));
}

function inOrder(tasks: readonly Task[]): Task[] {
  return order.flatMap((type) => tasks.filter((task) => task.type === type));
}

const reload: Task = { type: 'ReloadUnitFiles', reason: 'always reload unit files' };

const output = z.object({
  tasks: z.array(z.object({ type: z.string(), reason: z.string(), unit: z.string().exactOptional() })),
});

/** Why the tasks may differ, from what went in and came out. */
function ruleOf(units: Current, expected: readonly Task[], got: readonly Task[]): string | undefined {
  const text = (tasks: readonly Task[]) => tasks.map((task) => JSON.stringify(task)).sort();
  const sorted = inOrder(expected);
  if (JSON.stringify(text(expected)) === JSON.stringify(text(got)) && sorted[0]?.type === 'StopUnit') {
    return 'stop-first';
  }
  return Object.values(units).some(({ state }) => state === 'inactive') ? 'inactive-unit' : undefined;
}

export const agentKinds: Readonly<Record<string, Case>> = {
  'agent-tasks': vectorCase(state, output, (input, { tasks }) => {
    const found = fleetTasks(input.current, input.desired);
    const files = found.some(({ type }) => type === 'LoadUnit' || type === 'UnloadUnit');
    const got = inOrder(files ? [...found, reload] : found);
    return { expected: tasks, got, rule: ruleOf(input.current, tasks, got) };
  }),
  'agent-tasks-unit': vectorCase(
    state.extend({ unit: z.string() }),
    output,
    ({ current, desired, unit }, { tasks }) => {
      const got = fleetTasks(only(current, unit), only(desired, unit));
      return { expected: tasks, got, rule: ruleOf(only(current, unit), tasks, got) };
    },
  ),
};

function only<T>(units: Readonly<Record<string, T>>, name: string): Record<string, T> {
  const unit = units[name];
  return unit === undefined ? {} : { [name]: unit };
}
