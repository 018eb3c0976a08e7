import type { Board } from './board.ts';
import { isFree, machineBlocker, machineNeeds, peerBlocker } from './fit.ts';

/**
 * Machines that are fit for a unit as such: `MachineID=` and `MachineMetadata=` hold. Many units share a list.
 * Cordoned machines are among them: that passes.
 */
export class FitMachines {
  readonly #board: Board;
  readonly #lists = new Map<string, readonly number[]>();

  constructor(board: Board) {
    this.#board = board;
  }

  of(unit: number): readonly number[] {
    const key = JSON.stringify(machineNeeds(this.#board.relations.units[unit])) ?? '';
    const list = this.#lists.get(key) ?? this.#find(unit);
    this.#lists.set(key, list);
    return list;
  }

  #find(unit: number): number[] {
    const all = this.#board.machines.map((_, machine) => machine);
    return all.filter((machine) => machineBlocker(this.#board, unit, machine) === undefined);
  }
}

/** Machines worth a look: those of the unit's peers, or all that are fit as such. */
export function candidates(board: Board, fit: FitMachines, unit: number): readonly number[] {
  const [peer] = board.relations.peers[unit] ?? [];
  if (peer === undefined) return fit.of(unit);
  const near = peer.number === undefined ? [] : [...board.machinesOf(peer.number)];
  return near.filter(
    (machine) => !machineBlocker(board, unit, machine) && !peerBlocker(board, unit, machine),
  );
}

/**
 * Which of two machines suits a unit better, as `Array.sort` wants it: one where it did not fail before, then the
 * value of its `Spread=` key with the fewest instances of its template, then the fewest of them on the machine,
 * then the least load, then the first name.
 */
export function preference(board: Board, unit: number): (one: number, other: number) => number {
  const avoided = board.marks.avoided.get(unit);
  const spreading = board.spreadingOf(unit);
  const instances = board.instances(board.relations.template[unit] ?? '');
  return (one, other) => {
    const failures = avoided === undefined ? 0 : rank(avoided.has(one)) - rank(avoided.has(other));
    if (failures !== 0) return failures;
    const values = spreading === undefined ? 0 : difference(spreading.countAt(one), spreading.countAt(other));
    if (values !== 0) return values;
    const spread = (instances?.[one] ?? 0) - (instances?.[other] ?? 0);
    if (spread !== 0) return spread;
    return (board.load[one] ?? 0) - (board.load[other] ?? 0) || one - other;
  };
}

function rank(last: boolean): number {
  return last ? 1 : 0;
}

/** Two machines without the key both count infinitely many, and infinity minus infinity is no number. */
function difference(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

/** The machine for a unit that has none, by `preference`; undefined when nothing fits. */
export function choose(board: Board, fit: FitMachines, unit: number): number | undefined {
  const compare = preference(board, unit);
  let best: number | undefined;
  for (const machine of candidates(board, fit, unit)) {
    if (best !== undefined && compare(machine, best) > 0) continue;
    if (isFree(board, unit, machine)) best = machine;
  }
  return best;
}
