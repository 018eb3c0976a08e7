import { messageOf } from '../../model/message-of.ts';
import type { Reason } from '../../model/reason.ts';
import { Backoff } from '../../store/backoff.ts';
import { type Clock, sleep } from '../../store/clock.ts';
import type { Log } from '../log.ts';
import { Pulse } from '../pulse.ts';

/** Milliseconds between two times when nothing is said to have changed. */
const idlePeriod = 600_000;

/** Milliseconds that changes are collected for. */
const collectFor = 50;

/** Milliseconds between a failure and the next try. */
const retryPauses = { first: 2000, most: 60_000 };

export interface ChoreOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Steps that are gone through whenever something has changed, each of them whatever becomes of the others. */
export class Chore {
  readonly #options: ChoreOptions;
  readonly #steps: readonly (() => Promise<void>)[];
  readonly #pulse: Pulse;
  readonly #backoff: Backoff;
  #said = '';

  constructor(options: ChoreOptions, ...steps: readonly (() => Promise<void>)[]) {
    this.#options = options;
    this.#steps = steps;
    this.#pulse = new Pulse(options.clock);
    this.#backoff = new Backoff(retryPauses, options.clock);
  }

  /** Something has changed. */
  ring(): void {
    this.#pulse.ring();
  }

  /** Until `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#pulse.wait(await this.#pass(), signal);
      await sleep(this.#options.clock, collectFor, signal);
    }
  }

  /** Answers in how many milliseconds to look again. */
  async #pass(): Promise<number> {
    const problems: Reason[] = [];
    for (const step of this.#steps)
      try {
        await step();
      } catch (error) {
        problems.push(messageOf(error));
      }
    const problem = problems.join('; ');
    if (problem !== '' && problem !== this.#said) this.#options.log(`images: will try again: ${problem}`);
    this.#said = problem;
    if (problem !== '') return this.#backoff.next();
    this.#backoff.reset();
    return idlePeriod;
  }
}
