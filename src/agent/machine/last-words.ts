import { hasCrashed } from '../../model/readiness.ts';
import type { UnitStatus } from '../../model/status.ts';
import type { Clock } from '../../store/clock.ts';
import type { ManagedUnit, Systemd } from '../systemd/systemd.ts';

type Failure = NonNullable<UnitStatus['failure']>;

interface Known {
  readonly hash: string;
  readonly failed: boolean;
  readonly failure: Failure;
  /** On the agent's clock. */
  readonly readAt: number;
}

/** Lines of the journal that are kept with a unit's status. */
const journalLines = 10;

/**
 * Milliseconds between two looks at the journal of a unit that systemd restarts again and again: a look costs more
 * than all else that a crash sets off.
 */
const restartPause = 10_000;

/** Why units crashed, with the last lines of their journals. */
export class LastWords {
  readonly #systemd: Pick<Systemd, 'journal'>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(systemd: Pick<Systemd, 'journal'>, clock: Clock) {
    this.#systemd = systemd;
    this.#clock = clock;
  }

  /** undefined for a unit that neither failed nor waits to be restarted. Rejects as systemd does. */
  async of(unit: ManagedUnit): Promise<Failure | undefined> {
    const { name, hash, result } = unit;
    const now = this.#clock.now();
    const failed = unit.active === 'failed';
    const known = this.#known.get(name);
    const old = known === undefined || now - known.readAt >= restartPause;
    if (!hasCrashed(unit)) {
      // What failed before has ended; a unit that crashes again and again is remembered for its pause.
      if (old || known.failed) this.#known.delete(name);
      return undefined;
    }
    const same = known?.hash === hash && known.failed === failed && known.failure.result === result;
    if (same && (failed || !old)) return known.failure;
    const failure = { result, journal: await this.#systemd.journal(name, journalLines) };
    this.#known.set(name, { hash, failed, failure, readAt: now });
    return failure;
  }
}
