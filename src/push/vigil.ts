import type { UnitView } from '../model/api.ts';
import { leaseSeconds } from '../model/lease.ts';
import { upCommand } from '../model/up-command.ts';
import type { AgentApi } from './api.ts';
import { isOutage } from './errors.ts';
import { type PollClock, systemClock } from './poll-clock.ts';
import { firstThree, Progress } from './progress.ts';

export interface VigilOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds for which nothing at all may change until it is given up; default 600. */
  readonly patience?: number;
  readonly clock?: PollClock;
}

/** Seconds between two looks. */
const lookEvery = 1;

/** The same at most, where a look takes long: twice as long as it, for whoever answers slowly has enough to do. */
const lookEveryAtMost = 10;
const defaultPatience = 600;

/** Seconds without a lease after which a machine counts as gone: one whose agent restarts is back before. */
export const awayAfter = leaseSeconds + 6;

/** The cluster at one look. */
export interface Seen {
  /** Whether the machine is a member. */
  readonly there: boolean;
  readonly units: readonly UnitView[];
}

/** What one look found: clauses that say what is waited for, none when it is over. */
export interface Sight {
  readonly left: readonly string[];
  /** Changes with everything that is a step ahead. Default: `left`. */
  readonly mark?: string;
}

/** Watches over one machine while it is emptied. */
export class Vigil {
  readonly #api: Pick<AgentApi, 'machines' | 'units'>;
  readonly #machine: { readonly id: string; readonly name: string };
  readonly #options: VigilOptions;
  readonly #clock: PollClock;

  constructor(
    api: Pick<AgentApi, 'machines' | 'units'>,
    machine: { readonly id: string; readonly name: string },
    options: VigilOptions,
  ) {
    this.#api = api;
    this.#machine = machine;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get now(): number {
    return this.#clock.now() / 1000;
  }

  /**
   * Looks once a second, less often where looks take long, until nothing is left to wait for, and says what it waits for.
   *
   * @returns `away` when the machine has no lease any more, as far as looks that succeeded tell: while nobody can be
   * asked, it may well be there.
   * @throws Error when nothing has changed for too long.
   */
  async until(
    look: (seen: Seen) => Promise<Sight>,
    { absence = 'ends' }: { readonly absence?: 'ends' | 'expected' } = {},
  ): Promise<'done' | 'away'> {
    const { log, signal, patience = defaultPatience } = this.#options;
    const progress = new Progress(log);
    let last = { mark: '', at: this.now };
    let absentSince: number | undefined;
    for (;;) {
      const began = this.now;
      const sight = await orOutage(
        async () => {
          const seen = await this.#look();
          absentSince = seen.there ? undefined : (absentSince ?? this.now);
          return look(seen);
        },
        () => {
          absentSince = undefined;
        },
      );
      signal?.throwIfAborted();
      if (sight.left.length === 0) return 'done';
      const absent = absentSince === undefined ? 0 : this.now - absentSince;
      if (absence === 'ends' && absent >= awayAfter) return 'away';
      const mark = sight.mark ?? sight.left.join();
      if (mark !== last.mark) last = { mark, at: this.now };
      const waited = Math.round(this.now - last.at);
      if (waited >= patience) throw this.#givenUp(sight.left, waited);
      const text = `${this.#machine.name} leaves; waiting for ${firstThree(sight.left)}`;
      progress.report(text, this.now, `no change for ${waited} s of ${patience} s`);
      const pause = Math.min(Math.max(lookEvery, 2 * (this.now - began)), lookEveryAtMost);
      await this.#clock.sleep(pause * 1000, signal);
    }
  }

  async #look(): Promise<Seen> {
    const { machines } = await this.#api.machines();
    const { units } = await this.#api.units();
    return { there: machines.some(({ id }) => id === this.#machine.id), units };
  }

  #givenUp(left: readonly string[], waited: number): Error {
    const lines = left.map((each) => `\n  ${each}`).join('');
    return new Error(
      `${this.#machine.name} can't leave yet: nothing has changed for ${waited} s, and it waits for${lines}\n` +
        `Nothing was removed. Once that is mended, ${upCommand()} goes on; so it does when the machine is back in the config`,
    );
  }
}

/** What is left, or the outage that hides it: agents are silent while they restart. */
async function orOutage(look: () => Promise<Sight>, outage: () => void): Promise<Sight> {
  try {
    return await look();
  } catch (error) {
    if (!isOutage(error)) throw error;
    outage();
    return { left: [error.message] };
  }
}
