import { messageOf } from '../../model/message-of.ts';
import type { Placement } from '../../model/placement.ts';
import { findKey } from '../../store/find-key.ts';
import { fileKey } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { type NewUnit, type Systemd, UnitFailures } from '../systemd/systemd.ts';
import type { UnitAction } from './reconcile.ts';

export interface ExecutorOptions {
  readonly store: Store;
  readonly systemd: Systemd;
  /** Called when a stop has ended, with what went wrong if something did. */
  readonly onStopped: (unit: string, problem?: string) => void;
}

/** What went wrong, by unit. */
export type Problems = Map<string, string>;

/**
 * Does actions to units. All that can be done together is: files are written and systemd is reloaded once, start
 * jobs are queued in one go. Stops go on beside everything else, since one may take minutes.
 */
export class Executor {
  readonly #options: ExecutorOptions;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** The files of these placements by unit, and which are missing. */
  async fetch(placements: readonly Placement[]): Promise<{ files: Map<string, string>; problems: Problems }> {
    const [byHash, files, problems] = [
      new Map<string, string>(),
      new Map<string, string>(),
      new Map<string, string>(),
    ];
    for (const { unit, hash } of placements) {
      try {
        const contents = byHash.get(hash) ?? (await this.#fetchFile(hash));
        byHash.set(hash, contents);
        files.set(unit, contents);
      } catch (error) {
        problems.set(unit, messageOf(error));
      }
    }
    return { files, problems };
  }

  /** Begins to stop each; `onStopped` tells when it is done. */
  stop(units: readonly string[]): void {
    const { systemd, onStopped } = this.#options;
    for (const unit of units) {
      systemd.stop([unit]).then(
        () => onStopped(unit),
        (error: unknown) => onStopped(unit, messageOf(error)),
      );
    }
  }

  async install(write: readonly NewUnit[], remove: readonly string[]): Promise<Problems> {
    if (write.length + remove.length === 0) return new Map();
    const all = [...write.map(({ name }) => name), ...remove];
    return failuresOf(all, this.#options.systemd.install(write, remove));
  }

  async start(units: readonly string[]): Promise<Problems> {
    return units.length === 0 ? new Map() : failuresOf(units, this.#options.systemd.start(units));
  }

  async #fetchFile(hash: string): Promise<string> {
    const key = fileKey(hash);
    const found = await findKey(this.#options.store, key);
    if (!found) throw new Error(`${key} is missing in the store; push the unit again`);
    return found.value;
  }
}

async function failuresOf(units: readonly string[], work: Promise<void>): Promise<Problems> {
  try {
    await work;
    return new Map();
  } catch (error) {
    if (error instanceof UnitFailures) return new Map(error.failures);
    return new Map(units.map((unit) => [unit, messageOf(error)]));
  }
}

/** Units that have an action of this type. */
export function unitsOf(type: UnitAction['type'], actions: readonly UnitAction[]): string[] {
  return actions.filter((action) => action.type === type).map(({ unit }) => unit);
}
