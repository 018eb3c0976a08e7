import type { Clock } from './clock.ts';

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that stands still until a test moves it. Timers fire in order, each at exactly its own time. */
export class FakeClock implements Clock {
  /** Chance stands still as well, unless a test brings its own. */
  readonly random: () => number;
  #now = 0;
  readonly #timers = new Set<Timer>();

  constructor(random: () => number = () => 0.5) {
    this.random = random;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, action: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delay), action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets `ms` milliseconds pass and returns when all that they set off has come to rest. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#timers.delete(next);
      this.#now = next.at;
      next.action();
      await settle();
    }
    this.#now = end;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer;
    return first;
  }
}

/** Promises resolve before the event loop turns; abort listeners and streams may need another turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
