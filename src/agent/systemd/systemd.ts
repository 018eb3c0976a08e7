import type { SystemdState } from '../../model/status.ts';

/** A unit that this agent put onto the machine, as systemd and the disk show it now. */
export interface ManagedUnit extends SystemdState {
  readonly name: string;
  /** The file on disk, and its sha256, or `halfWritten`. */
  readonly contents: string;
  readonly hash: string;
  /** systemd's `Result=` (systemd.service(5)); `success` unless it failed. */
  readonly result: string;
  /**
   * Whether `start` was called for the file that is there now and `stop` was not since. Kept beside the file, so
   * that an agent that restarts does not run a finished job a second time; a reboot forgets it.
   */
  readonly started: boolean;
}

/**
 * Stands for the hash of a unit whose files an agent began to change and did not end with: nobody knows which of them
 * are there, and which of them systemd knows. Also of one that systemd refused to enable.
 */
export const halfWritten = '0'.repeat(64);

/** A unit file to put in place. */
export interface NewUnit {
  readonly name: string;
  readonly contents: string;
  /** Whether the guard stops it, see `Systemd.guard`. */
  readonly fenced?: boolean;
}

/** Some of several units could not be put in place, started or stopped; the others were. */
export class UnitFailures extends Error {
  override readonly name = 'UnitFailures';
  /** Why, by unit. */
  readonly failures: ReadonlyMap<string, string>;

  constructor(failures: ReadonlyMap<string, string>) {
    super([...failures].map(([unit, why]) => `${unit}: ${why}`).join('; '));
    this.failures = failures;
  }
}

/** The agent's view of systemd. `dbus-systemd.ts` is the real one, `fake-systemd.ts` the fake, `test/contract/systemd.ts` the contract. */
export interface Systemd {
  /** The units of ours, also those whose process is gone. Units of others never show. */
  list(): Promise<readonly ManagedUnit[]>;
  /**
   * Puts files in place (new or changed) and takes others away, so that systemd knows, and enables those with an
   * `[Install]` section. Starts and stops nothing.
   * @throws {UnitFailures} for those that can't be enabled, which have the hash `halfWritten` then, or whose name is
   * another unit's alias, which are not there.
   */
  install(write: readonly NewUnit[], remove: readonly string[]): Promise<void>;
  /**
   * Queues start jobs, each before those of units that come after it, so that systemd orders them, whatever the order
   * of the call, without waiting for them to finish.
   * @throws {UnitFailures} for those that systemd refused.
   */
  start(names: readonly string[]): Promise<void>;
  /**
   * Returns when the units are down; systemd orders the stops too.
   * @throws {UnitFailures} for those that are not after their own stop timeouts.
   */
  stop(names: readonly string[]): Promise<void>;
  /**
   * Has each that runs reload, or restarts it where it can't (systemctl(1), "reload-or-restart"), and returns when that
   * is done. What does not run stays so.
   * @throws {UnitFailures} for those that failed to, or are being started or stopped.
   */
  reload(names: readonly string[]): Promise<void>;
  /** The unit's last lines in the journal since its last start, oldest first. */
  journal(name: string, lines: number): Promise<readonly string[]>;
  /** Yields whenever a unit of ours may have changed; the caller lists then. Throws when systemd is lost. */
  changes(signal: AbortSignal): AsyncIterable<void>;
  /**
   * Fenced units may run for another `remaining` milliseconds. Unless it is called again before, the machine itself
   * stops them then, kills what does not stop (`fenceSeconds`), and starts none until the next call, whatever became
   * of the agent. `remaining` is asked at the moment it counts from.
   */
  guard(remaining: () => number): Promise<void>;
}
