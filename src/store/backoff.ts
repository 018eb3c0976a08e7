import type { Clock } from './clock.ts';

export interface BackoffOptions {
  /** Milliseconds after the first failure. */
  readonly first: number;
  /** Milliseconds at most; each failure in a row doubles the pause until then. */
  readonly most: number;
}

/**
 * Pauses between tries that grow with each failure. Half of a pause is left to chance: clients that lost the same
 * server must not all come back in the same moment.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Pick<Clock, 'random'>;
  #failures = 0;

  constructor(options: BackoffOptions, clock: Pick<Clock, 'random'>) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const { first, most } = this.#options;
    const pause = Math.min(first * 2 ** this.#failures, most);
    if (pause < most) this.#failures += 1;
    return pause * (0.5 + this.#clock.random() / 2);
  }

  /** After a success the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
