import type { Clock } from '../../src/store/clock.ts';
import { leaderKey, prefixes } from '../../src/store/keys.ts';
import { keepLease } from '../../src/store/lease.ts';
import type { MemoryCluster } from '../../src/store/memory-cluster.ts';
import {
  type Change,
  Compacted,
  type Lease,
  type Listing,
  type Store,
  type Transaction,
  type TransactionResult,
  Unreachable,
} from '../../src/store/store.ts';
import type { Gate } from './gate.ts';
import type { Link } from './link.ts';
import type { Witness } from './witness.ts';

export interface SimulatedStoreOptions {
  readonly cluster: MemoryCluster;
  /** The process's own clock. */
  readonly clock: Clock;
  readonly link: Link;
  readonly gate: Gate;
  readonly witness: Witness;
}

/** `Store` in memory behind a network that can fail, as one process sees it. */
export class SimulatedStore implements Store {
  readonly #options: SimulatedStoreOptions;
  readonly #closed = new AbortController();
  /** When each lease was asked for, on the process's clock. */
  readonly #granted = new Map<string, number>();
  /** The lease that the machine's own key is on: another one's renewals are no life signs of the machine. */
  #membership: string | undefined;

  constructor(options: SimulatedStoreOptions) {
    this.#options = options;
  }

  async list(prefix: string): Promise<Listing> {
    const { cluster, witness } = this.#options;
    const listing = await this.#call(() => cluster.list(prefix));
    witness.listed(prefix, listing);
    return listing;
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    const { cluster, witness } = this.#options;
    const decided = witness.asks(transaction);
    const membership = membershipIn(transaction);
    const done = this.#call(
      () => {
        const [leader] = decided ? cluster.list(leaderKey).keys : [];
        const result = cluster.transact(transaction);
        if (result.succeeded) decided?.({ revision: result.revision, leader });
        return result;
      },
      transaction.compare.length === 0 ? 'repeatable' : 'once',
    );
    if (membership !== undefined && (await done).succeeded) this.#becameMember(membership);
    return done;
  }

  #becameMember(lease: string): void {
    const { clock, witness } = this.#options;
    this.#membership = lease;
    witness.onRenewed(clock.now() - (this.#granted.get(lease) ?? clock.now()));
  }

  async *watch(
    prefix: string,
    revision: bigint,
    signal: AbortSignal,
    onProgress: (revision: bigint) => void = () => {},
  ): AsyncIterable<Change> {
    const { gate, witness } = this.#options;
    const reached = (all: bigint) => gate.run(() => onProgress(all));
    try {
      await this.#call(() => {});
      for await (const change of this.#changes(prefix, revision, signal, reached)) {
        await gate.pass(Promise.resolve());
        witness.changed(prefix, change);
        yield change;
      }
    } finally {
      await gate.pass(Promise.resolve());
    }
  }

  async grant(ttl: number): Promise<Lease> {
    const { cluster, clock } = this.#options;
    const sent = clock.now();
    const id = await this.#call(() => cluster.grant(ttl));
    this.#granted.set(id, sent);
    const calls = {
      renew: () => this.#renew(id),
      revoke: () => this.#call(() => cluster.revoke(id)),
    };
    return keepLease({ id, ttl, sent, clock, calls, closed: this.#closed.signal });
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  async *#changes(
    prefix: string,
    revision: bigint,
    signal: AbortSignal,
    reached: (revision: bigint) => void,
  ): AsyncIterable<Change> {
    const { cluster, link, gate } = this.#options;
    const { broken } = link;
    const stop = AbortSignal.any([signal, this.#closed.signal, gate.gone, broken]);
    for (let next = revision; !stop.aborted; ) {
      const oldest = cluster.compacted;
      if (next < oldest) throw new Compacted(`revision ${next} of ${prefix} is gone`, oldest);
      const changes = cluster.since(next).filter(({ key }) => key.startsWith(prefix));
      if (cluster.revision >= next) next = cluster.revision + 1n;
      for (const [at, change] of changes.entries()) {
        // etcd tells all changes of one revision in one message.
        if (change.revision !== changes[at - 1]?.revision) await link.deliver();
        if (stop.aborted) break;
        yield change;
      }
      if (link.state === 'up') reached(next - 1n);
      await cluster.changedSince(next, stop);
    }
    if (broken.aborted) throw new Unreachable(`the watch on ${prefix} broke`);
  }

  /** Tells the witness of a life sign that the store took. */
  async #renew(id: string): Promise<number> {
    const { cluster, clock, witness } = this.#options;
    const sent = clock.now();
    const seconds = await this.#call(() => cluster.renew(id));
    if (seconds > 0 && id === this.#membership) witness.onRenewed(clock.now() - sent);
    return seconds;
  }

  #call<T>(work: () => T, kind: 'repeatable' | 'once' = 'repeatable'): Promise<T> {
    if (this.#closed.signal.aborted) return Promise.reject(new Error('the store is closed'));
    return this.#options.gate.pass(this.#options.link.call(work, kind));
  }
}

/** The lease of the machine's key, if the transaction writes it. */
function membershipIn({ success }: Transaction): string | undefined {
  const put = success.find((operation) => 'put' in operation && operation.put.startsWith(prefixes.machine));
  return put && 'lease' in put ? put.lease : undefined;
}
