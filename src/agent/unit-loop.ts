import type { Placement } from '../model/placement.ts';
import { type Clock, sleep } from '../store/clock.ts';
import { parsePlacement, placementPrefix, prefixes, splitPair } from '../store/keys.ts';
import { type MirrorView, mirror } from '../store/mirror.ts';
import type { Lease, Store } from '../store/store.ts';
import { execute } from './executor.ts';
import { type Log, messageOf } from './log.ts';
import { Publisher } from './publisher.ts';
import { Pulse } from './pulse.ts';
import { type Operation, reconcile } from './reconcile.ts';
import type { ManagedUnit, Systemd } from './systemd.ts';

export interface UnitLoopOptions {
  readonly store: Store;
  readonly systemd: Systemd;
  readonly clock: Clock;
  readonly log: Log;
  readonly machineId: string;
}

/** Milliseconds between looks when nothing is said to have changed. */
const idlePeriod = 30_000;

/** Milliseconds until what failed is tried again; doubled with each failure in a row, up to the idle period. */
const retryPause = 2000;

/** Milliseconds that changes are collected for: units that were placed together get one daemon-reload. */
const collectFor = 50;

/** What the engine wants here. A new object for every change. */
interface Desired {
  readonly placements: readonly Placement[];
  /** Units whose placement can't be read. */
  readonly unclear: ReadonlySet<string>;
}

/**
 * Makes this machine's units what the engine decided and publishes what became of them. It runs on without a
 * lease and without the store: then nothing is known to have changed, so nothing changes.
 */
export class UnitLoop {
  readonly #options: UnitLoopOptions;
  readonly #pulse: Pulse;
  readonly #publisher: Publisher;
  /** Undefined until the store was read once: until then nobody knows what should run. */
  #desired: Desired | undefined;
  #lease: Lease | undefined;
  #said = '';
  /** Failures in a row, what was wanted then, and when to try again on the clock. */
  #failures = 0;
  #failedFor: Desired | undefined;
  #retryAt = 0;
  #announced: ReadonlySet<string> = new Set();
  /** What this pass has listed, as long as nothing was done to it. */
  #listed: readonly ManagedUnit[] | undefined;

  constructor(options: UnitLoopOptions) {
    const { store, systemd, clock, machineId } = options;
    this.#options = options;
    this.#pulse = new Pulse(clock);
    this.#publisher = new Publisher(store, systemd, machineId);
  }

  /** From now on states are published under this lease. */
  attach(lease: Lease): void {
    this.#lease = lease;
    this.#pulse.ring();
  }

  /** Runs until `signal` aborts; never rejects. Leaves all units as they are. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, log, machineId } = this.#options;
    const onChange = (view: MirrorView) => this.#want(view);
    const prefix = placementPrefix(machineId);
    const following = mirror({ store, prefix, clock, log, onChange }, signal);
    const listening = this.#listen(signal);
    while (!signal.aborted) {
      await this.#pulse.wait(await this.#pass(), signal);
      await sleep(clock, collectFor, signal);
    }
    await Promise.all([following, listening]);
  }

  #want({ entries }: MirrorView): void {
    const placements: Placement[] = [];
    const unclear = new Set<string>();
    for (const [key, { value }] of entries) {
      const parsed = parsePlacement(key, value);
      if ('value' in parsed) placements.push(parsed.value);
      else {
        this.#options.log(`${key} is malformed, its unit stays as it is: ${parsed.malformed.problem}`);
        unclear.add(splitPair(key, prefixes.placement)[1]);
      }
    }
    this.#desired = { placements, unclear };
    this.#pulse.ring();
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { systemd, clock, log } = this.#options;
    let said = '';
    while (!signal.aborted) {
      try {
        for await (const _ of systemd.changes(signal)) {
          said = '';
          this.#pulse.ring();
        }
      } catch (error) {
        const problem = messageOf(error);
        if (problem !== said) log(`systemd can't be followed: ${problem}; trying again`);
        said = problem;
        await sleep(clock, retryPause, signal);
      }
    }
  }

  /** Answers in how many milliseconds to look again. What failed is said again only when it says something new. */
  async #pass(): Promise<number> {
    const problems: string[] = [];
    let wait = idlePeriod;
    for (const step of [() => this.#reconcile(), () => this.#publish()]) {
      await step().catch((error: unknown) => {
        problems.push(messageOf(error));
        wait = retryPause;
      });
    }
    const said = problems.join('; ');
    if (said !== '' && said !== this.#said) this.#options.log(`will try again: ${said}`);
    if (said !== '' || this.#failures === 0) this.#said = said;
    return this.#failures === 0
      ? wait
      : Math.min(wait, Math.max(this.#retryAt - this.#options.clock.now(), 0));
  }

  /** After a failure nothing is tried before its time, unless the engine wants something else by then. */
  async #reconcile(): Promise<void> {
    const { systemd, clock } = this.#options;
    const desired = this.#desired;
    this.#listed = undefined;
    if (!desired || (desired === this.#failedFor && clock.now() < this.#retryAt)) return;
    const units = await systemd.list();
    const operations = reconcile(desired.placements, units, desired.unclear);
    if (operations.length === 0) this.#listed = units;
    this.#announce(operations);
    try {
      if (operations.length > 0) await execute(operations, desired.placements, this.#options);
      [this.#failures, this.#failedFor] = [0, undefined];
    } catch (error) {
      this.#retryAt = clock.now() + Math.min(retryPause * 2 ** this.#failures, idlePeriod);
      this.#failures += 1;
      this.#failedFor = desired;
      throw error;
    }
  }

  /** What is tried again for the same reasons is not said again. */
  #announce(operations: readonly Operation[]): void {
    const lines = operations.map(({ type, unit, reason }) => `${type} ${unit}: ${reason}`);
    for (const line of lines) if (!this.#announced.has(line)) this.#options.log(line);
    this.#announced = new Set(lines);
  }

  async #publish(): Promise<void> {
    if (!this.#lease || this.#lease.lost.aborted) return;
    await this.#publisher.publish(this.#listed ?? (await this.#options.systemd.list()), this.#lease);
  }
}
