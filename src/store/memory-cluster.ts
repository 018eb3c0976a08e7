import type { Clock } from './clock.ts';
import type {
  Change,
  Comparison,
  KeyValue,
  Listing,
  Operation,
  Transaction,
  TransactionResult,
} from './store.ts';
import { checkSize } from './transaction.ts';

interface GrantedLease {
  readonly ttl: number;
  cancelExpiry(): void;
}

/** etcd looks for expired leases twice a second, so they end a little late (milliseconds). */
const expiryDelay = 500;

/** What an etcd cluster keeps: keys, their history, and leases that end on `clock`. */
export class MemoryCluster {
  readonly #clock: Clock;
  readonly #keys = new Map<string, KeyValue>();
  readonly #leases = new Map<string, GrantedLease>();
  readonly #waiting = new Set<() => void>();
  #history: Change[] = [];
  #nextLease = 1;
  revision = 1n;
  /** The oldest revision a watch can still start from. */
  compacted = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  list(prefix: string): Listing {
    const keys = [...this.#keys.values()].filter(({ key }) => key.startsWith(prefix));
    // By code unit, as etcd sorts bytes; for ASCII keys both are the same order.
    keys.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { keys, revision: this.revision };
  }

  transact({ compare, success }: Transaction): TransactionResult {
    checkSize({ compare, success });
    this.#checkOperations(success);
    if (!compare.every((comparison) => this.#holds(comparison))) {
      return { succeeded: false, revision: this.revision };
    }
    this.#commit((revision) => success.flatMap((operation) => this.#perform(operation, revision)));
    return { succeeded: true, revision: this.revision };
  }

  /** Changes at `revision` and later. */
  since(revision: bigint): readonly Change[] {
    // From the end: whoever asks has seen nearly all of it.
    const before = this.#history.findLastIndex((change) => change.revision < revision);
    return this.#history.slice(before + 1);
  }

  /** Resolves when the cluster has reached `revision`, or when `signal` aborts. */
  changedSince(revision: bigint, signal: AbortSignal): Promise<void> {
    if (this.revision >= revision || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        if (this.revision < revision && !signal.aborted) return;
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Forgets the history before `revision`, as etcd's auto-compaction does. */
  compact(revision: bigint): void {
    this.compacted = revision;
    this.#history = this.#history.filter((change) => change.revision >= revision);
  }

  grant(ttl: number): string {
    const id = String(this.#nextLease++);
    this.#leases.set(id, { ttl, cancelExpiry: this.#expireIn(id, ttl) });
    return id;
  }

  /** Seconds granted anew, 0 when the lease is gone. */
  renew(id: string): number {
    const lease = this.#leases.get(id);
    if (!lease) return 0;
    lease.cancelExpiry();
    this.#leases.set(id, { ttl: lease.ttl, cancelExpiry: this.#expireIn(id, lease.ttl) });
    return lease.ttl;
  }

  /** Ends a lease now and deletes its keys. */
  revoke(id: string): void {
    this.#leases.get(id)?.cancelExpiry();
    this.#leases.delete(id);
    const keys = [...this.#keys.values()].filter((found) => found.lease === id);
    this.#commit((revision) => keys.flatMap(({ key }) => this.#delete(key, revision)));
  }

  /** The members have no majority: no lease runs out. Nobody may ask anything until `resume`. */
  halt(): void {
    for (const lease of this.#leases.values()) lease.cancelExpiry();
  }

  /** There is a majority again: etcd's new leader gives every lease its whole lifetime anew. */
  resume(): void {
    for (const id of [...this.#leases.keys()]) this.renew(id);
  }

  #expireIn(id: string, ttl: number): () => void {
    return this.#clock.after(ttl * 1000 + expiryDelay, () => this.revoke(id));
  }

  #commit(write: (revision: bigint) => readonly Change[]): void {
    const changes = write(this.revision + 1n);
    if (changes.length === 0) return;
    this.revision += 1n;
    this.#history.push(...changes);
    for (const wake of [...this.#waiting]) wake();
  }

  #holds(comparison: Comparison): boolean {
    const found = this.#keys.get(comparison.key);
    return 'createRevision' in comparison
      ? (found?.createRevision ?? 0n) === comparison.createRevision
      : (found?.modRevision ?? 0n) === comparison.modRevision;
  }

  #checkOperations(operations: readonly Operation[]): void {
    const puts = operations.flatMap((operation) => ('put' in operation ? [operation] : []));
    const prefixes = operations.flatMap((operation) =>
      'deletePrefix' in operation ? [operation.deletePrefix] : [],
    );
    const deleted = operations.flatMap((operation) => ('delete' in operation ? [operation.delete] : []));
    const written = new Set(deleted);
    for (const { put, lease } of puts) {
      if (written.has(put) || prefixes.some((prefix) => put.startsWith(prefix))) {
        throw new Error(`duplicate key ${put} in one transaction`);
      }
      if (lease !== undefined && !this.#leases.has(lease)) throw new Error(`lease ${lease} not found`);
      written.add(put);
    }
  }

  #perform(operation: Operation, revision: bigint): Change[] {
    if ('put' in operation) return [this.#put(operation, revision)];
    if ('delete' in operation) return this.#delete(operation.delete, revision);
    const { keys } = this.list(operation.deletePrefix);
    return keys.flatMap(({ key }) => this.#delete(key, revision));
  }

  #put({ put, value, lease }: Extract<Operation, { put: string }>, revision: bigint): Change {
    const createRevision = this.#keys.get(put)?.createRevision ?? revision;
    const attached = lease === undefined ? {} : { lease };
    this.#keys.set(put, { key: put, value, createRevision, modRevision: revision, ...attached });
    return { type: 'put', key: put, value, revision };
  }

  #delete(key: string, revision: bigint): Change[] {
    return this.#keys.delete(key) ? [{ type: 'delete', key, value: '', revision }] : [];
  }
}
