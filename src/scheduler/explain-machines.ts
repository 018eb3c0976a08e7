import type { Reason } from '../model/reason.ts';
import { type Arrangement, pairKey } from './arrange.ts';
import { explainBlocker } from './blocker-text.ts';
import { loadText } from './explain-choice.ts';
import { arrivalBlocker, replacedOn } from './fit.ts';
import type { Snapshot } from './snapshot.ts';
import { type Survey, survey } from './survey.ts';

/** What one machine says to a unit. */
export interface MachineAnswer {
  readonly machineId: string;
  /** The unit is there, or could be. */
  readonly fits: boolean;
  readonly reason: Reason;
}

/**
 * What each machine says to one unit, sorted by the machines' names. An inactive unit is answered as if it were
 * loaded. Empty when the snapshot does not have the unit.
 */
export function explainMachines(snapshot: Snapshot, unit: string): MachineAnswer[] {
  const units = snapshot.units.map((it) =>
    it.name === unit && it.targetState === 'inactive' ? { ...it, targetState: 'loaded' as const } : it,
  );
  const found = survey({ ...snapshot, units });
  const number = found.arrangement.board.relations.numberOf.get(unit);
  if (number === undefined) return [];
  return found.machines.map(({ id }, machine) => ({ machineId: id, ...answer(found, number, machine) }));
}

function answer(
  { before, arrangement }: Survey,
  unit: number,
  machine: number,
): Omit<MachineAnswer, 'machineId'> {
  const { board } = arrangement;
  const name = board.machines[machine]?.name ?? '';
  if (board.has(unit, machine)) {
    const placement = before.placementOf(unit, machine);
    const stay = arrangement.staying.get(pairKey(unit, machine));
    if (stay !== undefined) return { fits: true, reason: `is here, but should leave: ${stay.reason}` };
    return {
      fits: true,
      reason: placement === undefined ? 'is about to come here' : `is here: ${placement.reason}`,
    };
  }
  const blocker = arrivalBlocker(board, unit, machine);
  if (blocker !== undefined) return { fits: false, reason: explainBlocker(blocker, name) };
  const [other] = staysElsewhere(arrangement, unit) ? replacedOn(board, unit, machine) : [];
  if (other !== undefined) {
    return { fits: false, reason: `would push away ${board.relations.units[other]?.name} on ${name}` };
  }
  const failed = board.marks.avoided.get(unit)?.has(machine) ? ', but it failed here before' : '';
  return { fits: true, reason: `could take it (${loadText(board, machine)} here now)${failed}` };
}

/** Who has to move pushes nobody away, other than who has no place at all. */
function staysElsewhere({ board, staying }: Arrangement, unit: number): boolean {
  return [...board.machinesOf(unit)].some((machine) => staying.has(pairKey(unit, machine)));
}
