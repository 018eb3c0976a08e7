/** Milliseconds that an answer is waited for where all is well. */
const shortest = 2000;

/** The same at most: of a lease's nine seconds an answer that never comes must leave some for another member. */
const longest = 5000;

/** How many times as long as the slowest of late an answer may take. */
const margin = 3;

/** How much of a slow answer is forgotten with each that is quicker. */
const forgotten = 1 / 8;

/**
 * How long to wait for an answer, as TCP finds out (RFC 6298): some times as long as answers take, and twice as long after
 * one that did not come, until one does. Without it a machine whose processor is busy is asked the same again, by way of
 * another connection, each time that it is a little too late; so it gets later, and all of its watches end with it.
 */
export class Patience {
  #usual = 0;
  #doubled = { limit: 0, at: Number.NEGATIVE_INFINITY };

  /** Milliseconds. */
  get limit(): number {
    return Math.min(Math.max(shortest, margin * this.#usual, this.#doubled.limit), longest);
  }

  /** Whether answers take so long that more questions at once would only have them later. */
  get isStrained(): boolean {
    return this.limit === longest;
  }

  /** `took`: milliseconds. */
  answered(took: number): void {
    this.#usual = Math.max(took, this.#usual + (took - this.#usual) * forgotten);
    this.#doubled = { limit: 0, at: this.#doubled.at };
  }

  /**
   * No answer came to what was asked at `began`. What was asked before the last doubling had less time, and says no more
   * than that one did: a dozen questions that wait at the same time are one.
   */
  missed(began: number, now: number): void {
    if (began < this.#doubled.at) return;
    this.#doubled = { limit: 2 * this.limit, at: now };
  }
}
