import { type Clock, sleep } from '../../src/store/clock.ts';
import { Unreachable } from '../../src/store/store.ts';
import type { Random } from './random.ts';

/** Milliseconds that the tries of a call take that may be repeated, and of one that may not: `src/store/endpoints.ts`. */
const timeouts = { repeatable: [2000, 5000], once: [5000] } as const;

/**
 * Milliseconds of silence after which a client gives its watches up: the periods of `src/store/liveness.ts`, of the
 * length that `src/store/etcd.ts` gives them.
 */
const watchPatience = 15_000;

/**
 * `refused`: the other end says at once that it is not there. `silent`: packets vanish, or come late when the
 * network heals, as TCP sends them again.
 */
export type LinkState = 'up' | 'refused' | 'silent';

/** The network between one machine and the store. It outlives the processes on the machine. */
export class Link {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #waiting = new Set<() => void>();
  #state: LinkState = 'up';
  #deaf = false;
  #latency = 0;
  #broken = new AbortController();
  #cancelBreak = () => {};

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Aborts when watches over this link have to be given up. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    this.#state = state;
    this.#changed();
  }

  /** Calls work, but watches say nothing: a proxy forgot them, or a member hangs. */
  set deaf(deaf: boolean) {
    this.#deaf = deaf;
    this.#changed();
  }

  /** Milliseconds that a packet takes at most. */
  set latency(latency: number) {
    this.#latency = latency;
  }

  /** Brings a call to the store and its answer back. Who gives up does not know what was done, or will be. */
  async call<T>(work: () => T, kind: keyof typeof timeouts = 'repeatable'): Promise<T> {
    if (this.#state === 'up' && this.#latency === 0) return work();
    const tries: readonly number[] = timeouts[kind];
    for (const timeout of tries.slice(0, -1)) {
      const answer = await this.#attempt(work, timeout);
      if (answer !== 'late') return answer.value;
    }
    const answer = await this.#attempt(work, tries.at(-1) ?? 0);
    if (answer === 'late') throw new Unreachable('no answer in time');
    return answer.value;
  }

  /** Brings one message of a watch. Rejects when the watch is given up instead. */
  async deliver(): Promise<void> {
    if (this.#latency > 0) await this.#delay();
    while (this.#state !== 'up' || this.#deaf) {
      if (this.#broken.signal.aborted) throw new Unreachable('the watch broke');
      await this.#next();
    }
  }

  #attempt<T>(work: () => T, timeout: number): Promise<{ value: T } | 'late'> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeout, () => resolve('late'));
      this.#exchange(work)
        .then((value) => resolve({ value }), reject)
        .finally(cancel);
    });
  }

  async #exchange<T>(work: () => T): Promise<T> {
    await this.#travel();
    try {
      return work();
    } finally {
      await this.#travel();
    }
  }

  async #travel(): Promise<void> {
    await this.#delay();
    while (this.#state !== 'up') {
      if (this.#state === 'refused') throw new Unreachable('connection refused');
      const lost = this.#random.chance(0.5);
      await (lost ? new Promise<never>(() => {}) : this.#next());
    }
  }

  #delay(): Promise<void> {
    return this.#latency === 0
      ? Promise.resolve()
      : sleep(this.#clock, this.#random.below(this.#latency + 1));
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #changed(): void {
    this.#cancelBreak();
    if (this.#state === 'up' && !this.#deaf) {
      if (this.#broken.signal.aborted) this.#broken = new AbortController();
    } else {
      const patience = this.#state === 'refused' ? 0 : watchPatience;
      this.#cancelBreak = this.#clock.after(patience, () => {
        this.#broken.abort();
        this.#wake();
      });
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}
