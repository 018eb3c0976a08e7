import { EventEmitter, on } from 'node:events';
import { hasCrashed } from '../../model/readiness.ts';
import type { SystemdState } from '../../model/status.ts';
import { Enabling } from './enabling.ts';
import { readJournal, wasStartedSince } from './journal.ts';
import { isRefusal, isUnknownUnit, type Manager, type Outcome } from './manager.ts';
import { ManagerLink } from './manager-link.ts';
import { queueJobs, startOrder } from './queue-jobs.ts';
import { type ManagedUnit, type NewUnit, type Systemd, UnitFailures } from './systemd.ts';
import { UnitFiles } from './unit-files.ts';
import { unitPath } from './unit-path.ts';

export interface DbusSystemdOptions {
  /** Where this driver keeps its unit files; default /run/flotilla. */
  readonly folder?: string;
  /** The system bus's; default /run/dbus/system_bus_socket. */
  readonly socket?: string;
}

/** `Systemd` over D-Bus. What is under way when the connection is lost fails; the next call makes a new one. */
export class DbusSystemd implements Systemd {
  readonly #files: UnitFiles;
  readonly #enabling: Enabling;
  readonly #link: ManagerLink;
  /** systemd's paths of our units: of many it tells by telling of all. */
  readonly #paths = new Set<string>();
  /** What systemd said last of each of them. */
  readonly #told = new Map<string, string>();
  readonly #changes = new EventEmitter();
  /** Units that are half-written because systemd refused to enable them: it has read all that there is of them. */
  readonly #refused = new Set<string>();
  /** Units of which is being found out whether they were started. */
  readonly #asked = new Map<string, Promise<boolean>>();

  constructor({ folder = '/run/flotilla', socket = '/run/dbus/system_bus_socket' }: DbusSystemdOptions = {}) {
    this.#files = new UnitFiles(folder);
    this.#enabling = new Enabling(this.#files);
    this.#link = new ManagerLink(socket, (path, properties) => this.#hear(path, properties));
  }

  async list(): Promise<readonly ManagedUnit[]> {
    const files = await this.#files.list();
    const manager = await this.#link.get();
    const names = files.map(({ name }) => name);
    // Before the question: the first change may come in one piece with the answer.
    await this.#follow(manager, names);
    const states = await manager.list(names);
    return Promise.all(
      files.map(async (file, at) => {
        const state = states[at];
        if (!state) throw new Error(`systemd told of ${states.length} units, ${files.length} were asked for`);
        const { startingSince, ...rest } = file;
        const started =
          startingSince === undefined ? file.started : await this.#wasStarted(file.name, startingSince);
        return { ...rest, started, ...(await withResult(manager, file.name, state)) };
      }),
    );
  }

  async install(write: readonly NewUnit[], remove: readonly string[]): Promise<void> {
    const manager = await this.#link.get();
    const names = write.map(({ name }) => name);
    const failures = await this.#enabling.refusals(names, [...names, ...remove]);
    const units = write.filter(({ name }) => !failures.has(name));
    await this.#follow(
      manager,
      units.map(({ name }) => name),
    );
    try {
      await this.#change(manager, units, remove);
    } catch (error) {
      if (!(error instanceof UnitFailures)) throw error;
      for (const [name, why] of error.failures) failures.set(name, why);
    }
    for (const name of remove) {
      this.#paths.delete(unitPath(name));
      this.#told.delete(unitPath(name));
    }
    await manager.unfollow(remove);
    if (failures.size > 0) throw new UnitFailures(failures);
  }

  async start(names: readonly string[]): Promise<void> {
    const manager = await this.#link.get();
    // Somebody may have edited a file of another unit that one of these depends on, or a drop-in.
    const outdated = await Promise.all(names.map((name) => manager.get(name, 'Unit', 'NeedDaemonReload')));
    if (outdated.includes(true)) await manager.reload();
    let reloaded: Promise<void> | undefined;
    const queue = async (name: string) => {
      await manager.start(name).catch(async (error: unknown) => {
        if (!isUnknownUnit(error)) throw error;
        // systemd tells by its folder's time whether to look for new files, and may have looked in that very moment.
        reloaded ??= manager.reload();
        await reloaded;
        await manager.start(name);
      });
    };
    await queueJobs(manager, await startOrder(manager, names), (name) =>
      this.#files.start(name, () =>
        queue(name).catch(async (error: unknown) => {
          if (isRefusal(error)) await this.#files.unmarkStarted(name);
          throw error;
        }),
      ),
    );
  }

  async stop(names: readonly string[]): Promise<void> {
    const manager = await this.#link.get();
    // The other way round: what was started after another is stopped before it.
    await queueJobs(manager, (await startOrder(manager, names)).reverse(), async (name, queued) => {
      await manager.stop(name, queued);
      await manager.forgetFailure(name);
      await this.#files.unmarkStarted(name);
    });
  }

  async reload(names: readonly string[]): Promise<void> {
    const manager = await this.#link.get();
    await queueJobs(manager, [names], (name, queued) => manager.reloadUnit(name, queued));
  }

  async guard(remaining: () => number): Promise<void> {
    await this.#files.fence.extend(remaining);
  }

  async journal(name: string, lines: number): Promise<readonly string[]> {
    const manager = await this.#link.get();
    const run = await manager.lastRunOf(name);
    return run ? readJournal(run, lines) : [];
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    const manager = await this.#link.get();
    if (signal.aborted) return;
    const ended = AbortSignal.any([signal, manager.lost]);
    const changes = on(this.#changes, 'change', { signal: ended });
    try {
      await this.#files.watch(() => this.#changes.emit('change'), ended);
      // Nobody told of what changed before.
      yield;
      for await (const _ of changes) {
        if (signal.aborted) return;
        yield;
      }
    } catch (error) {
      if (signal.aborted) return;
      manager.lost.throwIfAborted();
      throw error;
    } finally {
      await changes.return?.();
    }
  }

  /** Ends the connection, which would keep the process alive. */
  close(): Promise<void> {
    return this.#link.close();
  }

  async #change(manager: Manager, write: readonly NewUnit[], remove: readonly string[]): Promise<void> {
    const names = [...write.map(({ name }) => name), ...remove];
    const halves = await this.#files.halves();
    // Nobody knows what systemd has read of a unit that another agent, or a lost connection, left half-written.
    const left = names.some((name) => halves.has(name) && !this.#refused.has(name));
    for (const name of names) this.#refused.delete(name);
    await this.#files.change(names, async () => {
      const disabled = await this.#enabling.disable(manager, names);
      for (const unit of write) await this.#files.write(unit);
      for (const name of remove) await this.#files.remove(name);
      await Promise.all(remove.map((name) => manager.forgetFailure(name)));
      const { enabled, refused } = await this.#enabling.enable(manager, write);
      // systemd reads a unit from disk when it is first asked for it and forgets it when it is down and nothing
      // refers to it. So what it still has in memory is old, but for what it never found: that it looks for again.
      const loaded = await manager.listLoaded(names);
      const old = loaded.some(({ load }) => load !== 'not-found');
      // It looks for drop-ins, and for what others want, by a list of folders that it makes when it reloads.
      const linked = disabled || enabled || write.some(({ fenced }) => fenced);
      if (old || linked || left) await manager.reload();
      for (const name of refused.keys()) this.#refused.add(name);
      if (refused.size > 0) throw new UnitFailures(refused);
    });
  }

  /**
   * Whether a unit was started that an agent was about to start when it ended. systemd knows it of what is in its
   * memory; of a job that has ended, only its journal does. Asked once, and noted.
   */
  #wasStarted(name: string, since: number): Promise<boolean> {
    const asked = this.#asked.get(name) ?? this.#askWhetherStarted(name, since);
    this.#asked.set(name, asked);
    return asked.finally(() => this.#asked.delete(name));
  }

  async #askWhetherStarted(name: string, since: number): Promise<boolean> {
    const manager = await this.#link.get();
    const started = (await manager.isUpSince(name, since)) || (await wasStartedSince(name, since));
    if (started) await this.#files.markStarted(name);
    else await this.#files.unmarkStarted(name);
    return started;
  }

  async #follow(manager: Manager, names: readonly string[]): Promise<void> {
    for (const name of names) this.#paths.add(unitPath(name));
    await manager.follow(names);
  }

  /**
   * systemd tells of a unit again when others that name it come into memory or leave it. A question about units that are
   * down brings them there for a moment: whoever asked again at each such word would never stop.
   */
  #hear(path?: string, properties?: unknown): void {
    if (path !== undefined) {
      if (!this.#paths.has(path)) return;
      const told = JSON.stringify(properties, plain);
      if (this.#told.get(path) === told) return;
      this.#told.set(path, told);
    }
    this.#changes.emit('change');
  }
}

/** Times are 64 bits wide, which JSON does not know. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

/** What a unit that did not fail has. */
const success = 'success';

/**
 * What failed has a result by a second question. Between the two it may have been started again, and have none any
 * more: then all of it is asked at once, which is a longer answer.
 */
async function withResult(manager: Manager, name: string, state: SystemdState): Promise<Outcome> {
  if (!hasCrashed(state)) return { ...state, result: success };
  const result = await manager.resultOf(name);
  if (result !== success) return { ...state, result };
  const now = await manager.outcomeOf(name);
  return hasCrashed(now) ? now : { ...now, result: success };
}
