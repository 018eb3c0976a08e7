import type { Reason } from '../model/reason.ts';
import { type Lack, lackOf, listText, namesShown } from './blocker-text.ts';
import type { Board } from './board.ts';
import { candidates, type FitMachines } from './choose.ts';
import { arrivalBlocker, replacedOn } from './fit.ts';
import type { Group } from './moves.ts';

/**
 * Why no machine takes a unit, compact: what each machine lacked, machines with the same lack together. For a board
 * that changes no more: the answer is kept for units that ask for the same, as a thousand instances do.
 */
export class PendingReasons {
  readonly #board: Board;
  readonly #fit: FitMachines;
  readonly #known = new Map<string, Reason>();

  constructor(board: Board, fit: FitMachines) {
    this.#board = board;
    this.#fit = fit;
  }

  of(unit: number): Reason {
    if (this.#board.machines.length === 0) return 'no machine is up';
    return explainPeers(this.#board, unit) ?? this.#explain(unit);
  }

  #explain(unit: number): Reason {
    const { units, conflicts, replacers, peers, template, limits } = this.#board.relations;
    const { requirements, flotilla } = units[unit] ?? {};
    // All that the unit's own file says, and what the others say of it.
    const key = JSON.stringify([
      ...[requirements, flotilla, peers[unit], conflicts.matching[unit], [...(replacers[unit] ?? [])]],
      ...(limits[unit]?.length === 0 ? [] : [template[unit]]),
    ]);
    const reason = this.#known.get(key) ?? explainLacks(this.#board, this.#fit, unit);
    this.#known.set(key, reason);
    return reason;
  }
}

function explainPeers(board: Board, unit: number): Reason | undefined {
  const { peers, units, circles } = board.relations;
  const circle = circles.get(unit);
  if (circle !== undefined) {
    return `MachineOf leads in a circle: ${listText(circle.map((it) => units[it]?.name ?? '').sort())}`;
  }
  const missing = peers[unit]?.find(
    ({ number }) => number === undefined || board.machinesOf(number).size === 0,
  );
  if (missing === undefined) return undefined;
  const lack = missing.number === undefined ? 'is not an active unit' : 'no machine has';
  return `must be with ${missing.name} (${missing.because}), which ${lack}`;
}

/** Machines with the same lack; the first of them by name, with the unit that is in the way there. */
interface Shared {
  readonly lack: Lack;
  count: number;
  readonly shown: string[];
}

/** What each machine lacks, machines with the same lack together; all machines, or all but the one it is on. */
function explainLacks(board: Board, fit: FitMachines, unit: number, from?: number): Reason {
  const near = candidates(board, fit, unit).filter((machine) => machine !== from);
  const { peers, units } = board.relations;
  // A unit bound to certain machines is explained by those: that all others are the wrong ones helps nobody.
  const bound =
    near.length > 0 && (units[unit]?.requirements.machineId !== undefined || peers[unit]?.length !== 0);
  const asked = bound ? near : [...board.machines.keys()].filter((machine) => machine !== from);
  const nobody = from === undefined ? 'no machine' : 'no other machine';
  const lacks = new Map<string, Shared>();
  for (const machine of asked) {
    const lack = lackAt(board, unit, machine);
    const shared = lacks.get(lack.text) ?? { lack, count: 0, shown: [] };
    shared.count++;
    const name = board.machines[machine]?.name ?? '';
    if (shared.count <= namesShown)
      shared.shown.push(lack.kind === 'unit' ? `${lack.unit} on ${name}` : name);
    lacks.set(lack.text, shared);
  }
  return [...lacks.values()]
    .map((shared) =>
      shared.count === asked.length && shared.lack.kind === 'thing'
        ? `${nobody} has ${shared.lack.text}`
        : sharedText(shared),
    )
    .join('; ');
}

/** Why units that should leave their machine do not: what the other machines say to the one, or to them together. */
export function explainStay(board: Board, fit: FitMachines, { units, from }: Group): Reason {
  const [unit = -1] = units;
  const untouchable = units.find((it) => board.marks.untouchable.has(it));
  if (untouchable !== undefined)
    return `nothing can be decided now about ${board.relations.units[untouchable]?.name}`;
  if (board.machines.length === 1) return 'there is no other machine';
  if (units.length === 1) return explainLacks(board, fit, unit, from);
  const names = units.map((it) => board.relations.units[it]?.name ?? '').sort();
  return `no other machine takes ${listText(names)} together`;
}

/** Why a unit does not come to a machine. That nothing blocks it there is so only of a unit that has to move. */
function lackAt(board: Board, unit: number, machine: number): Lack {
  const blocker = arrivalBlocker(board, unit, machine);
  if (blocker !== undefined) return lackOf(blocker);
  if (board.marks.avoided.get(unit)?.has(machine)) return { kind: 'state', text: 'where it failed' };
  const [other = -1] = replacedOn(board, unit, machine);
  return { kind: 'unit', text: 'would push away', unit: board.relations.units[other]?.name ?? '' };
}

function sharedText({ lack, count, shown }: Shared): string {
  const more = count > shown.length ? ` and ${count - shown.length} more` : '';
  const list = `${shown.join(', ')}${more}`;
  switch (lack.kind) {
    case 'thing':
      return `no ${lack.text} on ${list}`;
    case 'state':
      return `${list} ${count === 1 ? 'is' : 'are'} ${lack.text}`;
    case 'unit':
      return `${lack.text} ${list}`;
  }
}
