import type { JournalEntry } from './journal-entry.ts';

/** Microseconds. Two readings of one journal overlap by less. */
const overlap = 60_000_000;

/** Entries of one machine's journal that were printed: where a new reading of it begins, some come again. */
export class SeenEntries {
  /** Times by cursor, in the order they came. */
  readonly #times = new Map<string, number>();
  #newest: number | undefined;

  /** The time of the newest entry, in microseconds since 1970. */
  get newest(): number | undefined {
    return this.#newest;
  }

  /** Whether the entry comes for the first time. */
  isNew({ cursor, time }: JournalEntry): boolean {
    if (cursor === undefined) return true;
    if (this.#times.has(cursor)) return false;
    this.#newest = Math.max(this.#newest ?? time, time);
    this.#times.set(cursor, time);
    for (const [old, at] of this.#times) {
      if (at >= this.#newest - overlap) break;
      this.#times.delete(old);
    }
    return true;
  }
}
