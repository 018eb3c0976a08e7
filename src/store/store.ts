/**
 * The cluster's memory, seen as etcd v3 shows it: revisions, leases, transactions and watches over a flat key
 * space. Agents, engine and API know only this interface; `etcd.ts` and `memory.ts` implement it and
 * `test/contract/store.ts` says what both must do.
 */
export interface Store {
  /** Every key that starts with `prefix`, sorted by key, with the revision at which the answer was true. */
  list(prefix: string): Promise<Listing>;
  /**
   * Does `success` when every comparison holds, else nothing; atomically, at one revision. Any number of
   * operations up to 3000, but no key twice, at most 60 comparisons (etcd's `--max-txn-ops` default), and at most
   * `maxBytes` in all: who may have more uses `inBatches`.
   * Rejects when an operation names a lease that is gone, with `TooLarge`, `Forbidden` and `OutOfSpace`.
   */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /**
   * Changes under `prefix` from `revision` on (inclusive). Ends by throwing `Compacted` when that revision is
   * gone, `Forbidden` when it may not be seen, and any other error when the store can't be reached or falls
   * silent: the caller lists again and watches anew. Returns when `signal` aborts. `onProgress` hears, at the start
   * and now and then, up to which revision all changes have been given.
   */
  watch(
    prefix: string,
    revision: bigint,
    signal: AbortSignal,
    onProgress?: (revision: bigint) => void,
  ): AsyncIterable<Change>;
  /** A new lease, kept alive until `revoke` or until the store could not be reached for `ttl` seconds. */
  grant(ttl: number): Promise<Lease>;
  /** Ends every call, watch and lease renewal under way. Leases are not revoked: they run out. */
  close(): Promise<void>;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** 0n for a key that does not exist. */
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /** Id of the lease the key hangs on, or undefined. */
  readonly lease?: string;
}

export interface Listing {
  readonly keys: readonly KeyValue[];
  readonly revision: bigint;
}

/** A value and the revision it was written at. */
export interface Entry {
  readonly value: string;
  readonly revision: bigint;
}

/** A listing by key. */
export function entriesOf(keys: readonly KeyValue[]): Map<string, Entry> {
  return new Map(keys.map(({ key, value, modRevision }) => [key, { value, revision: modRevision }]));
}

/** Holds when the key's revision is exactly this one; 0n asks that the key does not exist. */
export type Comparison = { readonly key: string; readonly createRevision: bigint } | Unchanged;

/** A key that nobody has written since this revision. */
export interface Unchanged {
  readonly key: string;
  readonly modRevision: bigint;
}

export type Operation =
  | { readonly put: string; readonly value: string; readonly lease?: string }
  | { readonly delete: string }
  | { readonly deletePrefix: string };

export interface Transaction {
  readonly compare: readonly Comparison[];
  readonly success: readonly Operation[];
}

export interface TransactionResult {
  readonly succeeded: boolean;
  readonly revision: bigint;
}

export interface Change {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Empty for a deletion. */
  readonly value: string;
  readonly revision: bigint;
}

export interface Lease {
  readonly id: string;
  /**
   * Aborts when the lease is surely lost: revoked, expired at the store, or `ttl` seconds of this machine's
   * monotonic clock went by since the last renewal was *sent* that succeeded. A holder must stop acting then.
   */
  readonly lost: AbortSignal;
  /** When it will be lost unless a renewal succeeds before, in milliseconds on the store's clock. */
  readonly endsAt: number;
  revoke(): Promise<void>;
}

/** No endpoint answered in time. What a transaction did is then unknown: list to find out. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The watched revision was compacted away: list again. */
export class Compacted extends Error {
  override readonly name = 'Compacted';
  /** The oldest revision that can still be watched from, where the store said it. */
  readonly oldest: bigint | undefined;

  constructor(message: string, oldest?: bigint) {
    super(message);
    this.oldest = oldest;
  }
}

/** The store is up and refuses this to whoever asks: it doesn't know the certificate, or the key is another's. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}

/** The store's database is full: it answers and renews leases, and takes no writes until somebody makes room. */
export class OutOfSpace extends Error {
  override readonly name = 'OutOfSpace';
}

/** The transaction has more bytes than the store takes at once: nothing was written, and trying again won't help. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}
