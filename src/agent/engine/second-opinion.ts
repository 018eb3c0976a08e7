import { type Clock, sleep } from '../../store/clock.ts';
import type { Pulse } from '../pulse.ts';

/** Whether anything at this address answers. A rejection counts as no. */
export type Dial = (address: string) => Promise<boolean>;

/** What is known of a machine without a lease. */
export type Opinion =
  /** The first call is under way. */
  | 'asking'
  /** Its kernel answers, so it is not dead but too busy to renew its lease, or cut off from etcd alone. */
  | 'answers'
  /** Nothing answers: dead, or cut off from everybody. */
  | 'silent';

export interface SecondOpinionOptions {
  readonly clock: Clock;
  /** Ends all calls. */
  readonly signal: AbortSignal;
  /** Rung when an opinion changes. */
  readonly pulse: Pulse;
  readonly dial?: Dial;
}

/** Milliseconds between two calls to the same machine. */
const period = 2000;

/** Calls machines that are missing, again and again, until nobody asks about them any more. */
export class SecondOpinion {
  readonly #options: SecondOpinionOptions;
  readonly #opinions = new Map<string, Opinion>();
  readonly #calls = new Map<string, AbortController>();

  constructor(options: SecondOpinionOptions) {
    this.#options = options;
  }

  /** Opinions on exactly these machines, given as id → address; all others are forgotten. */
  about(machines: ReadonlyMap<string, string>): ReadonlyMap<string, Opinion> {
    const { dial } = this.#options;
    if (dial === undefined) return this.#opinions;
    for (const [id, call] of this.#calls) {
      if (machines.has(id)) continue;
      call.abort();
      this.#calls.delete(id);
      this.#opinions.delete(id);
    }
    for (const [id, address] of machines) {
      if (this.#calls.has(id)) continue;
      const call = new AbortController();
      this.#calls.set(id, call);
      this.#opinions.set(id, 'asking');
      void this.#keepCalling(id, () => dial(address), AbortSignal.any([call.signal, this.#options.signal]));
    }
    return this.#opinions;
  }

  async #keepCalling(id: string, dial: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const opinion = (await dial().catch(() => false)) ? 'answers' : 'silent';
      if (signal.aborted) return;
      if (this.#opinions.get(id) !== opinion) {
        this.#opinions.set(id, opinion);
        this.#options.pulse.ring();
      }
      await sleep(this.#options.clock, period, signal);
    }
  }
}
