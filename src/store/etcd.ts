import { exchange, type Tls } from './channel.ts';
import { systemClock } from './clock.ts';
import { Endpoints } from './endpoints.ts';
import { watchStream } from './etcd-watch.ts';
import { keepLease } from './lease.ts';
import { grantMethod, keepAliveMethod, rangeMethod, revokeMethod, txnMethod } from './rpc.ts';
import type { Change, KeyValue, Lease, Listing, Store, Transaction, TransactionResult } from './store.ts';
import { encodeTransaction, prefixEnd } from './transaction.ts';

/** Keys per answer when listing. */
const pageSize = 1000;

/** Machines whose leases end for waiting have everything to say again, and their units may move. */
const renewal = { send: exchange, urgent: true };

export interface EtcdOptions {
  /** `host:port` of client listeners, the nearest first. */
  readonly endpoints: readonly string[];
  /** Absent only in tests against a process of our own on 127.0.0.1. */
  readonly tls?: Tls;
  /** Names of machines whose certificates may write everything; a `Forbidden` sends its reader there. */
  readonly writers?: readonly string[];
  /** Milliseconds in which a watch or its connection has to show a sign of life, see `Liveness`; default 5000. */
  readonly progressPeriod?: number;
}

/** `Store` on an etcd v3 cluster (3.4 or newer), over gRPC. */
export class EtcdStore implements Store {
  readonly #endpoints: Endpoints;
  readonly #progressPeriod: number;
  readonly #closed = new AbortController();

  constructor(options: EtcdOptions) {
    const { endpoints: addresses, tls, writers } = options;
    this.#endpoints = new Endpoints({ addresses, tls, writers });
    this.#progressPeriod = options.progressPeriod ?? 5000;
  }

  async list(prefix: string): Promise<Listing> {
    const rangeEnd = prefixEnd(prefix);
    const keys: KeyValue[] = [];
    let revision = 0n;
    for (let key = prefix || '\0', more = true; more; key = `${keys.at(-1)?.key}\0`) {
      const page = await this.#endpoints.repeatable(rangeMethod, {
        key,
        range_end: rangeEnd,
        limit: pageSize,
        revision: String(revision),
      });
      // Later pages are read at the revision of the first, or the answer would mix two moments.
      revision ||= page.revision;
      for (const found of page.keys) keys.push(found);
      more = page.more;
    }
    return { keys, revision };
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    const request = encodeTransaction(transaction);
    // Without a comparison a second try writes the same again; with one, it could fail over its own first try.
    const reply =
      transaction.compare.length === 0
        ? await this.#endpoints.repeatable(txnMethod, request)
        : await this.#endpoints.once(txnMethod, request, () => this.#probe());
    return { succeeded: reply.succeeded, revision: reply.revision };
  }

  async *watch(
    prefix: string,
    revision: bigint,
    signal: AbortSignal,
    onProgress?: (revision: bigint) => void,
  ): AsyncIterable<Change> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    try {
      await this.#endpoints.ready(() => this.#probe());
      if (stop.aborted) return;
      yield* watchStream(this.#endpoints, prefix, revision, this.#progressPeriod, stop, onProgress);
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }

  async grant(ttl: number): Promise<Lease> {
    const sent = systemClock.now();
    // Sent twice, a grant leaves a lease that nobody renews, which ends by itself.
    const reply = await this.#endpoints.repeatable(grantMethod, { TTL: ttl });
    const { id } = reply;
    const calls = {
      renew: () => this.#endpoints.repeatable(keepAliveMethod, { ID: id }, renewal).then(({ ttl }) => ttl),
      revoke: () => this.#endpoints.repeatable(revokeMethod, { ID: id }).then(() => {}),
    };
    return keepLease({ id, ttl: reply.ttl, sent, clock: systemClock, calls, closed: this.#closed.signal });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#endpoints.close();
  }

  #probe(): Promise<unknown> {
    return this.#endpoints.repeatable(rangeMethod, { key: '/flotilla/probe' });
  }
}
