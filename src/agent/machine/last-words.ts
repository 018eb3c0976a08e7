import { messageOf } from '../../model/message-of.ts';
import { hasCrashed } from '../../model/readiness.ts';
import type { UnitStatus } from '../../model/status.ts';
import type { Clock } from '../../store/clock.ts';
import type { ManagedUnit, Systemd } from '../systemd/systemd.ts';

type Failure = NonNullable<UnitStatus['failure']>;

export interface LastWordsOptions {
  readonly systemd: Pick<Systemd, 'journal'>;
  readonly clock: Clock;
  /** Called when what a unit said last has been read. */
  readonly onChange: () => void;
}

/** A crash whose words were read, or are being read. */
interface Known {
  readonly hash: string;
  readonly failed: boolean;
  readonly result: string;
  readonly words: Words;
}

interface Words {
  /** undefined while they are read for the first time. */
  readonly journal?: readonly string[];
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

/**
 * Why units crashed, with the last lines of their journals. Those are read beside everything else: while a slow machine
 * takes seconds for it, the cluster would go on believing that the unit runs.
 */
export class LastWords {
  readonly #options: LastWordsOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: LastWordsOptions) {
    this.#options = options;
  }

  /** undefined for a unit that neither failed nor waits to be restarted. */
  of(unit: ManagedUnit): Failure | undefined {
    const { name, hash, result } = unit;
    const failed = unit.active === 'failed';
    const known = this.#known.get(name);
    const old = known === undefined || this.#options.clock.now() - known.words.readAt >= restartPause;
    if (!hasCrashed(unit)) {
      // What failed before has ended; a unit that crashes again and again is remembered for its pause.
      if (old || known.failed) this.#known.delete(name);
      return undefined;
    }
    const same = known?.hash === hash && known.failed === failed && known.result === result;
    if (same && (failed || !old)) return failureOf(known);
    const before = same && known.words.journal ? { journal: known.words.journal } : {};
    const crash = { hash, failed, result, words: { ...before, readAt: this.#options.clock.now() } };
    this.#known.set(name, crash);
    void this.#read(name, crash);
    return failureOf(crash);
  }

  async #read(name: string, crash: Known): Promise<void> {
    const { systemd, clock, onChange } = this.#options;
    const journal = await systemd
      .journal(name, journalLines)
      .catch((error: unknown) => [`its journal can't be read: ${messageOf(error)}`]);
    // Meanwhile it may have been started anew, or have crashed anew.
    if (this.#known.get(name) !== crash) return;
    this.#known.set(name, { ...crash, words: { journal, readAt: clock.now() } });
    onChange();
  }
}

function failureOf({ result, words: { journal } }: Known): Failure {
  return { result, ...(journal && { journal }) };
}
