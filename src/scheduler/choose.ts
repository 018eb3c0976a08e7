import type { Board } from './board.ts';
import { isFree, machineBlocker, peerBlocker } from './fit.ts';

/** Machines that are fit for a unit as such: `MachineID=` and `MachineMetadata=` hold. Many units share a list. */
export class FitMachines {
  readonly #board: Board;
  readonly #lists = new Map<string, readonly number[]>();

  constructor(board: Board) {
    this.#board = board;
  }

  of(unit: number): readonly number[] {
    const { machineId, metadata } = this.#board.relations.units[unit]?.requirements ?? {};
    const key = JSON.stringify([machineId, metadata]);
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
  if (board.relations.peers[unit]?.length === 0) return fit.of(unit);
  const near = peer === undefined ? [] : [...board.machinesOf(peer)];
  return near.filter(
    (machine) => !machineBlocker(board, unit, machine) && !peerBlocker(board, unit, machine),
  );
}

/**
 * The machine for a unit that has none: with the fewest instances of its template, then the least load, then the
 * first name. undefined when nothing fits.
 */
export function choose(board: Board, fit: FitMachines, unit: number): number | undefined {
  const instances = board.instances(board.relations.template[unit] ?? '');
  let best: number | undefined;
  const beats = (machine: number, other: number) => {
    const spread = (instances?.[machine] ?? 0) - (instances?.[other] ?? 0);
    const load = (board.load[machine] ?? 0) - (board.load[other] ?? 0);
    return spread !== 0 ? spread < 0 : load !== 0 ? load < 0 : machine < other;
  };
  for (const machine of candidates(board, fit, unit)) {
    if (best !== undefined && !beats(machine, best)) continue;
    if (isFree(board, unit, machine)) best = machine;
  }
  return best;
}
