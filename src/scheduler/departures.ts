import type { Reason } from '../model/reason.ts';
import type { Board } from './board.ts';
import type { Budget } from './budget.ts';
import type { FitMachines } from './choose.ts';
import { explainStay } from './explain-pending.ts';
import { followersOf, type Group, groupOf, type Move, tryMove } from './moves.ts';
import type { Stay } from './snapshot.ts';

/** A group that should leave its machine, and why. */
interface Departure {
  readonly group: Group;
  readonly reason: Reason;
  /** Failed units are down already; those of a draining machine leave as `MaxUnavailable=` allows. */
  readonly hurried: boolean;
}

export interface Departures {
  readonly moved: readonly (Move & { readonly reason: Reason })[];
  /** Groups that stay where they should not. */
  readonly stayed: readonly (Staying & { readonly group: Group })[];
}

/** Why a unit stays where it should not, and whether that passes: see `Stay`. */
export type Staying = Pick<Stay, 'reason' | 'waits'>;

/** Moves units off the machines where they failed and off draining ones, as far as other machines take them. */
export function depart(board: Board, fit: FitMachines, budget: Budget): Departures {
  const moved: (Move & { reason: Reason })[] = [];
  const stayed: (Staying & { group: Group })[] = [];
  for (const { group, reason, hurried } of departures(board)) {
    const wait = hurried ? undefined : budget.blocks(group.units);
    const move = wait === undefined ? tryMove(board, fit, group) : undefined;
    if (move === undefined) {
      const waits = wait !== undefined || group.units.some((unit) => board.marks.untouchable.has(unit));
      stayed.push({ group, waits, reason: `${reason}; ${wait ?? explainStay(board, fit, group)}` });
      continue;
    }
    budget.take(group.units);
    moved.push({ ...move, reason });
  }
  return { moved, stayed };
}

/** One after another, since a move changes what is tied to what is left. */
function* departures(board: Board): Generator<Departure> {
  const { order, units } = board.relations;
  const { avoided, draining } = board.marks;
  if (avoided.size === 0 && draining.size === 0) return;
  for (const unit of order) {
    if (units[unit]?.requirements.global) continue;
    const [machine] = board.machinesOf(unit);
    if (machine === undefined || !avoided.get(unit)?.has(machine)) continue;
    const reason = `failed on ${board.machines[machine]?.name}`;
    yield { group: followersOf(board, unit, machine), reason, hurried: true };
  }
  for (const machine of [...draining].sort((a, b) => a - b)) {
    const seen = new Set<number>();
    for (const unit of order) {
      if (!board.has(unit, machine) || seen.has(unit) || units[unit]?.requirements.global) continue;
      const group = groupOf(board, unit, machine);
      for (const member of group.units) seen.add(member);
      yield { group, reason: `${board.machines[machine]?.name} is draining`, hurried: false };
    }
  }
}
