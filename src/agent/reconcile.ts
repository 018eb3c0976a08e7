import type { Placement } from '../model/placement.ts';
import type { Reason } from '../model/reason.ts';
import { halfWritten, type ManagedUnit } from './systemd.ts';

/** One thing to do to one unit, and why. */
export interface Operation {
  readonly type: 'stop' | 'install' | 'remove' | 'start';
  readonly unit: string;
  readonly reason: Reason;
}

/** Operations of a type are done together, in this order: what goes makes room before what comes is started. */
const operationOrder = ['stop', 'install', 'remove', 'start'] as const satisfies Operation['type'][];

/**
 * What brings this machine from what it has to what the engine decided, ordered by `operationOrder` and name.
 * An unchanged unit gets no operation at all, whatever became of it: systemd's `Restart=` looks after a unit
 * that failed, and a job that finished has finished. `keep` are units of which nothing certain is known.
 */
export function reconcile(
  desired: readonly Placement[],
  managed: readonly ManagedUnit[],
  keep: ReadonlySet<string> = new Set(),
): Operation[] {
  const wanted = new Map(desired.map((placement) => [placement.unit, placement]));
  const present = new Map(managed.map((unit) => [unit.name, unit]));
  const names = [...new Set([...wanted.keys(), ...present.keys()])].filter((name) => !keep.has(name)).sort();
  const operations = names.flatMap((name) => operationsFor(name, wanted.get(name), present.get(name)));
  return operationOrder.flatMap((type) => operations.filter((operation) => operation.type === type));
}

function operationsFor(
  unit: string,
  wanted: Placement | undefined,
  present: ManagedUnit | undefined,
): Operation[] {
  if (!wanted) return present ? replaced(unit, present, 'remove', 'not placed here any more') : [];
  const { targetState, reason } = wanted;
  const start = (why: Reason): Operation[] =>
    targetState === 'launched' ? [{ type: 'start', unit, reason: why }] : [];
  if (!present) return [{ type: 'install', unit, reason }, ...start(reason)];
  if (present.hash !== wanted.hash) {
    const changed = present.hash === halfWritten ? 'it was not put in place as a whole' : 'unit file changed';
    return [...replaced(unit, present, 'install', changed), ...start(changed)];
  }
  if (targetState === 'launched') return present.started ? [] : start('never started since it was installed');
  return present.started ? [{ type: 'stop', unit, reason: `target state is ${targetState}` }] : [];
}

/** A failed unit is stopped too: that is what makes systemd forget the failure and its restart counter. */
function replaced(
  unit: string,
  { active }: ManagedUnit,
  type: 'install' | 'remove',
  reason: Reason,
): Operation[] {
  const change = { type, unit, reason };
  return active === 'inactive' ? [change] : [{ type: 'stop', unit, reason }, change];
}
