import type { Clock } from './clock.ts';
import { keepLease } from './lease.ts';
import { MemoryCluster } from './memory-cluster.ts';
import {
  type Change,
  Compacted,
  type Lease,
  type Listing,
  type Store,
  type Transaction,
  type TransactionResult,
  Unreachable,
} from './store.ts';

/**
 * `Store` in memory. Every client of one `MemoryCluster` sees the same keys, and each can be cut off alone:
 * `reachable = false` is a cut network cable, noticed at once.
 */
export class MemoryStore implements Store {
  readonly #cluster: MemoryCluster;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #cut = new AbortController();

  constructor(clock: Clock, cluster: MemoryCluster = new MemoryCluster(clock)) {
    this.#clock = clock;
    this.#cluster = cluster;
  }

  get reachable(): boolean {
    return !this.#cut.signal.aborted;
  }

  set reachable(reachable: boolean) {
    if (!reachable) this.#cut.abort();
    else if (!this.reachable) this.#cut = new AbortController();
  }

  async list(prefix: string): Promise<Listing> {
    this.#checkReachable();
    return this.#cluster.list(prefix);
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#checkReachable();
    return this.#cluster.transact(transaction);
  }

  async *watch(
    prefix: string,
    revision: bigint,
    signal: AbortSignal,
    onProgress?: (revision: bigint) => void,
  ): AsyncIterable<Change> {
    this.#checkReachable();
    const cut = this.#cut.signal;
    let next = revision;
    const stop = AbortSignal.any([signal, this.#closed.signal, cut]);
    while (!stop.aborted) {
      const oldest = this.#cluster.compacted;
      if (next < oldest) {
        throw new Compacted(`revision ${next} of ${prefix} is gone, the oldest is ${oldest}`, oldest);
      }
      const changes = this.#cluster.since(next);
      const { revision: latest } = this.#cluster;
      for (const change of changes) {
        if (stop.aborted) break;
        if (change.key.startsWith(prefix)) yield change;
      }
      if (latest >= next) next = latest + 1n;
      onProgress?.(latest);
      await this.#cluster.changedSince(next, stop);
    }
    if (cut.aborted) throw new Unreachable(`the watch on ${prefix} broke`);
  }

  async grant(ttl: number): Promise<Lease> {
    this.#checkReachable();
    const id = this.#cluster.grant(ttl);
    const ifReachable = async <T>(call: () => T): Promise<T> => {
      this.#checkReachable();
      return call();
    };
    const calls = {
      renew: () => ifReachable(() => this.#cluster.renew(id)),
      revoke: () => ifReachable(() => this.#cluster.revoke(id)),
    };
    const clock = this.#clock;
    return keepLease({ id, ttl, sent: clock.now(), clock, calls, closed: this.#closed.signal });
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #checkReachable(): void {
    if (this.#closed.signal.aborted) throw new Error('the store is closed');
    if (!this.reachable) throw new Unreachable('the store can not be reached');
  }
}
