import { messageOf } from '../model/message-of.ts';
import { Backoff } from '../store/backoff.ts';
import type { Clock } from '../store/clock.ts';
import type { KeyStore } from '../template/key-store.ts';
import type { Template } from '../template/render.ts';
import type { TemplateResource } from '../template/resource.ts';
import type { SyncRecord } from '../template/sync-plan.ts';
import type { Host } from './host.ts';
import type { Lookups } from './lookups.ts';
import { type SyncResult, syncResource } from './sync.ts';

/** Milliseconds between two tries of what failed. A changed key begins anew. */
const retry = { first: 1000, most: 60_000 };

/** Milliseconds until a file is looked at without any reason: somebody may have changed it, or a name's addresses. */
const resync = 600_000;

/** Debounces after which a key that never rests is no longer waited for. */
const patience = 10;

export interface LoopOptions {
  readonly resource: TemplateResource;
  readonly template: Template;
  readonly host: Host;
  readonly lookups: Lookups;
  readonly clock: Clock;
  /** What the loop before this one remembered. */
  readonly record?: SyncRecord | undefined;
  /** Hears of every run, also of those that had nothing to do. What it has to keep is `result.record`. */
  readonly onResult: (result: SyncResult) => void;
}

/**
 * Keeps one file up to date for as long as it lives. Runs never overlap; what changes during one leads to one more after
 * it, however many changes there were.
 */
export class ResourceLoop {
  readonly #options: LoopOptions;
  #record: SyncRecord | undefined;
  #keys: KeyStore | undefined;
  #cancel: () => void = () => undefined;
  #running: Promise<void> | undefined;
  /** When the first change came that has not been seen to. */
  #waitingSince: number | undefined;
  readonly #backoff: Backoff;
  #stopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#backoff = new Backoff(retry, options.clock);
  }

  /** All the keys that the template sees, as they are now. The first ones start the loop. */
  keysChanged(keys: KeyStore): void {
    const { clock, resource } = this.#options;
    this.#keys = keys;
    this.#backoff.reset();
    this.#waitingSince ??= clock.now();
    const debounce = resource.debounce * 1000;
    const latest = this.#waitingSince + patience * debounce - clock.now();
    if (this.#running === undefined) this.#schedule(Math.min(debounce, latest));
  }

  /** Nothing runs any more when it resolves: a run under way is finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  #schedule(delay: number): void {
    this.#cancel();
    if (!this.#stopped) this.#cancel = this.#options.clock.after(Math.max(delay, 0), () => this.#start());
  }

  #start(): void {
    const keys = this.#keys;
    if (keys === undefined) return;
    this.#waitingSince = undefined;
    this.#running = this.#run(keys).then((failed) => {
      this.#running = undefined;
      this.#schedule(this.#pause(failed));
    });
  }

  async #run(keys: KeyStore): Promise<boolean> {
    const { onResult, host } = this.#options;
    const result = await syncResource({ ...this.#options, keys }, host, this.#record).catch(
      (error: unknown): SyncResult => ({ steps: [], failure: messageOf(error), record: this.#record }),
    );
    this.#record = result.record;
    onResult(result);
    return result.failure !== undefined;
  }

  #pause(failed: boolean): number {
    if (this.#waitingSince !== undefined) return this.#options.resource.debounce * 1000;
    if (failed) return this.#backoff.next();
    this.#backoff.reset();
    return resync;
  }
}
