import type { Reason } from '../model/reason.ts';
import type { Board } from './board.ts';

/**
 * How many instances of a template may be moved at the same time: while `MaxUnavailable=` of them are not ready
 * or have only just become so, no ready one is taken off its machine. Units without a template are on their own and always may.
 */
export class Budget {
  /** By template. */
  readonly #unready = new Map<string, number>();
  readonly #board: Board;

  constructor(board: Board) {
    this.#board = board;
    for (const unit of board.marks.unready) this.#add(unit);
    for (const unit of board.marks.settling) if (!board.marks.unready.has(unit)) this.#add(unit);
  }

  /** What the units of a group have to wait for; undefined when they may move now. */
  blocks(units: readonly number[]): Reason | undefined {
    const { template, units: wanted } = this.#board.relations;
    for (const unit of units) {
      const family = template[unit];
      const limit = wanted[unit]?.flotilla.rollout.maxUnavailable ?? 1;
      if (family === undefined || this.#board.marks.unready.has(unit)) continue;
      const others = (this.#unready.get(family) ?? 0) - Number(this.#board.marks.settling.has(unit));
      if (others >= limit) return `waits for other instances of ${family} (MaxUnavailable=${limit})`;
    }
    return undefined;
  }

  take(units: readonly number[]): void {
    const { unready, settling } = this.#board.marks;
    for (const unit of units) if (!unready.has(unit) && !settling.has(unit)) this.#add(unit);
  }

  #add(unit: number): void {
    const family = this.#board.relations.template[unit];
    if (family !== undefined) this.#unready.set(family, (this.#unready.get(family) ?? 0) + 1);
  }
}
