import type { Placement } from '../../model/placement.ts';
import type { Reason } from '../../model/reason.ts';
import { halfWritten, type ManagedUnit } from '../systemd/systemd.ts';

/** One thing to do to one unit, and why. */
export interface UnitAction {
  readonly type: 'stop' | 'install' | 'remove' | 'start';
  readonly unit: string;
  readonly reason: Reason;
}

/** Actions of a type are done together, in this order: what goes makes room before what comes is started. */
const actionOrder = ['stop', 'install', 'remove', 'start'] as const satisfies UnitAction['type'][];

/**
 * What brings this machine from what it has to what the engine decided, ordered by `actionOrder` and name.
 * An unchanged unit gets no action at all, whatever became of it: systemd's `Restart=` looks after a unit
 * that failed, and a job that finished has finished. `keep` are units of which nothing certain is known.
 */
export function reconcile(
  desired: readonly Placement[],
  managed: readonly ManagedUnit[],
  keep: ReadonlySet<string> = new Set(),
): UnitAction[] {
  const wanted = new Map(desired.map((placement) => [placement.unit, placement]));
  const present = new Map(managed.map((unit) => [unit.name, unit]));
  const names = [...new Set([...wanted.keys(), ...present.keys()])].filter((name) => !keep.has(name)).sort();
  const actions = names.flatMap((name) => actionsFor(name, wanted.get(name), present.get(name)));
  return actionOrder.flatMap((type) => actions.filter((action) => action.type === type));
}

function actionsFor(
  unit: string,
  wanted: Placement | undefined,
  present: ManagedUnit | undefined,
): UnitAction[] {
  if (!wanted) return present ? replaced(unit, present, 'remove', 'not placed here any more') : [];
  const { targetState, reason } = wanted;
  const start = (why: Reason): UnitAction[] =>
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
): UnitAction[] {
  const change = { type, unit, reason };
  return active === 'inactive' ? [change] : [{ type: 'stop', unit, reason }, change];
}
