import type { Registration } from '../../model/registration.ts';
import type { Clock } from '../../store/clock.ts';
import { findKey } from '../../store/find-key.ts';
import { Forbidden, type Lease, type Store } from '../../store/store.ts';
import type { Log } from '../log.ts';

export interface ChosenKeysOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Seconds that keys outlive this agent's last sign. */
  readonly ttl: number;
}

interface Written {
  readonly unit: string;
  readonly value: string;
  readonly revision: bigint;
}

/** Milliseconds after which a key that was refused is tried again: who has just changed the stack's config waits for it. */
const refusedFor = 60_000;

/** Milliseconds between two looks at whether the keys are still there. */
const lookPeriod = 30_000;

/**
 * Keeps the keys that units choose for their services (`ServiceKey=`) like what the machine offers, as `address:port`.
 * They hang on a lease of their own: etcd takes no key under a lease that has one which the writer may not write, so a
 * prefix that is taken out of the config would silence the whole machine.
 */
export class ChosenKeys {
  readonly #options: ChosenKeysOptions;
  #lease: Lease | undefined;
  /** What was written under the lease above, and at which revision. */
  readonly #written = new Map<string, Written>();
  /** When to try again, on the clock. */
  readonly #refused = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChosenKeysOptions) {
    this.#options = options;
  }

  /** Writes what is not yet written, and deletes what is not offered any more. Rejects as the store does. */
  async follow(offered: readonly Registration[]): Promise<void> {
    const wanted = new Map(offered.flatMap((one) => (one.key === undefined ? [] : [[one.key, one]])));
    if (this.#lease?.lost.aborted) this.#written.clear();
    await this.#unlessRefused(async () => {
      await this.#deleteAll(([key]) => !wanted.has(key));
      await this.#look();
    });
    for (const [key, { unit, address, port }] of wanted) {
      const value = `${address}:${port}`;
      if (this.#written.get(key)?.value !== value) await this.#put(key, { unit, value });
    }
  }

  /** Takes back the keys of these units. */
  async withdraw(units: readonly string[]): Promise<void> {
    await this.#unlessRefused(() => this.#deleteAll(([, { unit }]) => units.includes(unit)));
  }

  async #deleteAll(isGone: (entry: readonly [string, Written]) => boolean): Promise<void> {
    for (const [key, { revision }] of [...this.#written].filter(isGone)) await this.#delete(key, revision);
  }

  async #put(key: string, { unit, value }: Pick<Written, 'unit' | 'value'>): Promise<void> {
    const { store, clock, log } = this.#options;
    if (clock.now() < (this.#refused.get(key) ?? 0)) return;
    const lease = await this.#held();
    try {
      const { modRevision = 0n } = (await findKey(store, key)) ?? {};
      const success = [{ put: key, value, lease: lease.id }];
      const { succeeded, revision } = await store.transact({ compare: [{ key, modRevision }], success });
      if (!succeeded) throw new Error(`${key} was written by somebody else at this moment`);
      this.#written.set(key, { unit, value, revision });
      this.#refused.delete(key);
    } catch (error) {
      if (!(error instanceof Forbidden)) {
        // It may have been done, or come through late, when nobody wants it any more.
        await this.#drop();
        throw error;
      }
      const fix = 'name a prefix of it in flotilla:serviceKeys and run `npm run up`';
      if (!this.#refused.has(key)) log(`etcd does not let this machine write ${key} (ServiceKey=); ${fix}`);
      this.#refused.set(key, clock.now() + refusedFor);
    }
  }

  /** Only what is still this machine's word: another one that has the unit now may have been faster. */
  async #delete(key: string, modRevision: bigint): Promise<void> {
    await this.#options.store.transact({ compare: [{ key, modRevision }], success: [{ delete: key }] });
    this.#written.delete(key);
  }

  /**
   * Finds out what somebody else has deleted: by hand, or another machine that had the unit for a moment. What somebody
   * else has written is left alone, or two units that choose the same key would go on for ever.
   */
  async #look(): Promise<void> {
    const { store, clock } = this.#options;
    if (this.#written.size === 0 || clock.now() - this.#lookedAt < lookPeriod) return;
    this.#lookedAt = clock.now();
    for (const key of [...this.#written.keys()])
      if ((await findKey(store, key)) === undefined) this.#written.delete(key);
  }

  /** A prefix that was taken out of the config: what may still be written is written anew, under another lease. */
  async #unlessRefused(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error;
      await this.#drop();
    }
  }

  /** All that was written ends with the lease, at once or when it has run out. */
  async #drop(): Promise<void> {
    this.#written.clear();
    await this.#lease?.revoke().catch(() => undefined);
  }

  async #held(): Promise<Lease> {
    if (this.#lease === undefined || this.#lease.lost.aborted) {
      this.#lease = await this.#options.store.grant(this.#options.ttl);
    }
    return this.#lease;
  }
}
