import { messageOf } from '../../model/message-of.ts';
import type { Clock } from '../../store/clock.ts';
import type { Lease } from '../../store/store.ts';
import type { Log } from '../log.ts';
import type { Systemd } from '../systemd/systemd.ts';

export interface GuardOptions {
  readonly systemd: Systemd;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds between two looks at when the lease ends. It is renewed every few seconds. */
const period = 1000;

/** Tells the machine's guard for how long fenced units may run: as long as the lease lasts, and no longer. */
export class Guard {
  readonly #options: GuardOptions;
  #lease: Lease | undefined;
  /** The end of the lease that the guard knows of. */
  #told = Number.NEGATIVE_INFINITY;
  #cancel = () => {};
  /** One at a time, so that the last word is the latest. */
  #telling: Promise<void> = Promise.resolve();
  #said = '';

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Whether fenced units may run by what the guard was told. */
  get holds(): boolean {
    return this.#told > this.#options.clock.now();
  }

  /** From now on the guard is told of each renewal of this lease, at once of the last one. Of none without a lease. */
  async hold(lease: Lease | undefined): Promise<void> {
    this.#cancel();
    this.#lease = lease;
    if (lease === undefined || lease.lost.aborted) return;
    this.#telling = this.#telling.then(() => this.#tell(lease));
    await this.#telling;
    if (lease !== this.#lease) return;
    this.#cancel();
    this.#cancel = this.#options.clock.after(period, () => void this.hold(lease));
  }

  /** The guard keeps to what it was told last. */
  end(): void {
    this.#cancel();
    this.#lease = undefined;
  }

  async #tell(lease: Lease): Promise<void> {
    const { systemd, clock, log } = this.#options;
    const { endsAt } = lease;
    if (endsAt === this.#told) return;
    try {
      await systemd.guard(() => endsAt - clock.now());
      this.#told = endsAt;
      this.#said = '';
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#said) log(`the guard of fenced units can't be told of the lease: ${problem}`);
      this.#said = problem;
    }
  }
}
