import type { Clock } from '../store/clock.ts';
import type { FileState } from '../template/sync-plan.ts';
import type { CommandEnd, Host, Ownership } from './host.ts';

/** Milliseconds that a command waits for others that want the same: files of one change come within it. */
const gathering = 100;

interface Shared {
  readonly timeout: number;
  readonly end: Promise<CommandEnd>;
}

/**
 * A host on which the same command, asked for by several at about the same time, runs once: of ten templates of one
 * nginx that follow the same key, one reload is enough. What is asked for while it runs already is another run, after
 * it, since the first may have read the files before. Commands of one text never run side by side.
 */
export class SharedRuns implements Host {
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #gathering = new Map<string, Shared>();
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(host: Host, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  run(command: string, timeout: number): Promise<CommandEnd> {
    const shared = this.#gathering.get(command);
    if (shared !== undefined && shared.timeout >= timeout) return shared.end;
    const end = this.#runLater(command, timeout);
    this.#gathering.set(command, { timeout, end });
    return end;
  }

  async #runLater(command: string, timeout: number): Promise<CommandEnd> {
    const before = this.#last.get(command);
    const run = this.#afterOthers(command, timeout, before);
    const settled = run.catch(() => undefined);
    this.#last.set(command, settled);
    try {
      return await run;
    } finally {
      if (this.#last.get(command) === settled) this.#last.delete(command);
    }
  }

  async #afterOthers(
    command: string,
    timeout: number,
    before: Promise<unknown> | undefined,
  ): Promise<CommandEnd> {
    await Promise.all([before, new Promise<void>((resolve) => this.#clock.after(gathering, resolve))]);
    this.#gathering.delete(command);
    return this.#host.run(command, timeout);
  }

  read(path: string): Promise<FileState | undefined> {
    return this.#host.read(path);
  }

  resolve(ownership: Ownership): Promise<{ uid: number; gid: number }> {
    return this.#host.resolve(ownership);
  }

  stage(dest: string, file: FileState): Promise<string> {
    return this.#host.stage(dest, file);
  }

  replace(staged: string, dest: string): Promise<void> {
    return this.#host.replace(staged, dest);
  }

  discard(staged: string): Promise<void> {
    return this.#host.discard(staged);
  }
}
