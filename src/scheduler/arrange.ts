import type { Machine } from '../model/machine.ts';
import type { Reason } from '../model/reason.ts';
import { explainBlocker } from './blocker-text.ts';
import { Board } from './board.ts';
import { Budget } from './budget.ts';
import { choose, FitMachines } from './choose.ts';
import { depart, type Staying } from './departures.ts';
import { explainChoice } from './explain-choice.ts';
import { PendingReasons } from './explain-pending.ts';
import { arrivalBlocker, blockerOf, peerBlocker, replacedOn } from './fit.ts';
import type { Marks } from './marks.ts';
import type { Move } from './moves.ts';
import type { Relations } from './relations.ts';

/** What was decided before, by unit number. */
export interface Present {
  /** Numbers of the machines that have the unit. */
  readonly machines: readonly number[];
  /** The file or target state differs from what those machines were told. */
  readonly changed: boolean;
  /** Why the unit is no longer on a machine it was on, if that is known before the work starts. */
  readonly lost?: Reason;
}

export interface Arrangement {
  readonly board: Board;
  /** Why a unit came to a machine, by `unit/machine` (numbers). */
  readonly placed: ReadonlyMap<string, Reason>;
  /** Why a unit left a machine, by `unit/machine` (numbers). */
  readonly left: ReadonlyMap<string, Reason>;
  /** Why no machine has a unit, by unit number. */
  readonly pending: ReadonlyMap<number, Reason>;
  /** Why a unit is still on a machine that it should leave, by `unit/machine` (numbers). */
  readonly staying: ReadonlyMap<string, Staying>;
}

export function pairKey(unit: number, machine: number): string {
  return `${unit}/${machine}`;
}

/**
 * Works out where units belong. What is in place and still allowed stays. A unit that takes the place of another
 * (`Replaces=`), or that leaves its machine, may by that make room for a third that was given up already, so the
 * work is repeated until no one leaves. That ends: only units later in `order` are pushed away, and who leaves a
 * draining machine or one where it failed comes to no other such machine.
 */
export function arrange(
  machines: readonly Machine[],
  relations: Relations,
  present: readonly Present[],
  marks: Marks,
): Arrangement {
  const boardOf = () => new Board(machines, relations, marks);
  const first = new Round(boardOf(), present);
  first.run();
  let last = first;
  while (last.unsettled) {
    const { board } = last;
    const next = relations.units.map(
      (_, unit): Present => ({ machines: sorted(board.machinesOf(unit)), changed: false }),
    );
    last = new Round(boardOf(), next, last);
    last.run();
  }
  return last;
}

class Round implements Arrangement {
  readonly board: Board;
  readonly placed: Map<string, Reason>;
  readonly left: Map<string, Reason>;
  readonly pending = new Map<number, Reason>();
  readonly staying = new Map<string, Staying>();
  /** Someone left its machine, so that another may fit there now. */
  unsettled = false;
  readonly #relations: Relations;
  readonly #present: readonly Present[];
  readonly #fit: FitMachines;
  /** What was moved counts through all rounds. */
  readonly #budget: Budget;
  /** Why a unit has to move. */
  readonly #lost: Map<number, Reason>;

  constructor(board: Board, present: readonly Present[], previous?: Round) {
    this.board = board;
    this.#budget = previous === undefined ? new Budget(board) : previous.#budget;
    this.placed = new Map(previous?.placed);
    this.left = new Map(previous?.left);
    this.#lost = new Map(previous === undefined ? [] : previous.#lost);
    this.#relations = board.relations;
    this.#present = present;
    this.#fit = new FitMachines(board);
    present.forEach(({ lost }, unit) => {
      if (lost !== undefined) this.#lost.set(unit, lost);
    });
  }

  /**
   * Who comes first keeps its place: what is in place before what is new, and among units that exclude each other
   * since a file changed, the one that did not change. Global units make way for others, as they did for fleet. But
   * nobody makes way less than a unit that nothing can be decided about: it will be there in any case.
   */
  run(): void {
    const { order } = this.#relations;
    const { untouchable } = this.board.marks;
    for (const unit of untouchable) this.#leave(unit);
    const free = order.filter((unit) => !untouchable.has(unit));
    const stages = this.#stages();
    for (const stage of [0, 1, 2]) {
      for (const unit of free) if (stages[unit] === stage) this.#keep(unit);
    }
    for (const unit of free) if (this.#isGlobal(unit)) this.#spreadGlobal(unit);
    for (const unit of free) {
      if (!this.#isGlobal(unit) && this.board.machinesOf(unit).size === 0) this.#place(unit);
    }
    this.#depart();
    const reasons = new PendingReasons(this.board, this.#fit);
    for (const unit of order) {
      if (this.board.machinesOf(unit).size === 0) this.pending.set(unit, reasons.of(unit));
    }
  }

  /** 0 unchanged, 1 changed, 2 global units; a unit never before the peers it must be with. */
  #stages(): Uint8Array {
    const stages = new Uint8Array(this.#relations.units.length);
    for (const unit of this.#relations.order) {
      const own = this.#isGlobal(unit) ? 2 : this.#present[unit]?.changed ? 1 : 0;
      const peers = this.#relations.peers[unit] ?? [];
      stages[unit] = Math.max(own, ...peers.map(({ number = -1 }) => stages[number] ?? 0));
    }
    return stages;
  }

  #isGlobal(unit: number): boolean {
    return this.#relations.units[unit]?.requirements.global ?? false;
  }

  /** Leaves a unit on the machines that have it, allowed or not. */
  #leave(unit: number): void {
    for (const machine of this.#present[unit]?.machines ?? []) this.board.add(unit, machine);
  }

  /** Leaves a unit on the machines that have it, as far as that is still allowed. */
  #keep(unit: number): void {
    for (const machine of this.#present[unit]?.machines ?? []) {
      const [other] = this.board.machinesOf(unit);
      const name = this.board.machines[machine]?.name ?? '';
      if (other !== undefined && !this.#isGlobal(unit)) {
        this.left.set(pairKey(unit, machine), `is on ${this.board.machines[other]?.name} already`);
        continue;
      }
      const blocker = blockerOf(this.board, unit, machine);
      if (blocker === undefined) this.#put(unit, machine);
      else this.#loses(unit, machine, explainBlocker(blocker, name));
    }
  }

  #spreadGlobal(unit: number): void {
    this.board.machines.forEach((_, machine) => {
      if (this.board.has(unit, machine) || arrivalBlocker(this.board, unit, machine) !== undefined) return;
      this.placed.set(pairKey(unit, machine), 'global: on every machine that fits');
      this.#put(unit, machine);
    });
  }

  #place(unit: number): void {
    const machine = choose(this.board, this.#fit, unit);
    if (machine === undefined) return;
    const lost = this.#lost.get(unit);
    const choice = explainChoice(this.board, unit, machine);
    this.placed.set(pairKey(unit, machine), lost === undefined ? choice : `${lost}; ${choice}`);
    this.#put(unit, machine);
  }

  /** After the units that have no place: those are worse off than what leaves a place it has. */
  #depart(): void {
    const { moved, stayed } = depart(this.board, this.#fit, this.#budget);
    for (const move of moved) this.#record(move, move.reason);
    for (const { group, reason, waits } of stayed) {
      for (const unit of group.units) this.staying.set(pairKey(unit, group.from), { reason, waits });
    }
    this.unsettled ||= moved.length > 0;
  }

  #record({ group, to, reasons }: Move, reason: Reason): void {
    group.units.forEach((unit, place) => {
      this.left.set(pairKey(unit, group.from), reason);
      this.placed.set(pairKey(unit, to), `${reason}; ${reasons[place]}`);
    });
  }

  #put(unit: number, machine: number): void {
    this.board.add(unit, machine);
    const { units } = this.#relations;
    for (const other of replacedOn(this.board, unit, machine)) {
      this.#evict(
        other,
        machine,
        explainBlocker({ kind: 'replaced', by: units[unit]?.name ?? '' }, this.#name(machine)),
      );
    }
  }

  /** Takes a unit off a machine together with the units that must be with it. */
  #evict(unit: number, machine: number, reason: Reason): void {
    if (!this.board.has(unit, machine) || this.board.marks.untouchable.has(unit)) return;
    this.board.remove(unit, machine);
    this.unsettled = true;
    this.#loses(unit, machine, reason);
    for (const follower of this.#relations.followers[unit] ?? []) {
      const blocker = peerBlocker(this.board, follower, machine);
      if (blocker !== undefined) this.#evict(follower, machine, explainBlocker(blocker, this.#name(machine)));
    }
  }

  #loses(unit: number, machine: number, reason: Reason): void {
    this.left.set(pairKey(unit, machine), reason);
    this.#lost.set(unit, reason);
  }

  #name(machine: number): string {
    return this.board.machines[machine]?.name ?? '';
  }
}

function sorted(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
