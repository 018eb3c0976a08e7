import { rootPrefix } from '../../store/keys.ts';
import type { Change, Store } from '../../store/store.ts';

/** From one revision on, up to and including another one, or without an end. */
export interface Span {
  readonly from: bigint;
  readonly until?: bigint;
  /** A revision of the span at which something changed for sure; default: none is known. */
  readonly newest?: bigint;
}

/** Up to now. */
export async function spanToNow(store: Store, from: bigint): Promise<Span> {
  const { keys, revision: until } = await store.list(rootPrefix);
  let newest = 0n;
  for (const { modRevision } of keys) if (modRevision > newest) newest = modRevision;
  return { from, until, newest };
}

/**
 * All changes of a span. Resolves when it is sure that the store still has them, before the first of them comes.
 * @throws {Compacted} and the store's other errors.
 */
export async function openChanges(
  store: Store,
  { from, until, newest = 0n }: Span,
  signal: AbortSignal,
): Promise<AsyncIterable<Change>> {
  const done = new AbortController();
  if (until !== undefined && from > until) return nothing();
  let reached = () => {};
  const progress = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let given = from - 1n;
  const onProgress = (revision: bigint) => {
    reached();
    // etcd before 3.5.8 may tell its progress ahead of the changes (its issue 15220).
    const all = given >= newest || newest < from;
    if (until !== undefined && revision >= until && all) done.abort();
  };
  const stop = AbortSignal.any([signal, done.signal]);
  const changes = store.watch(rootPrefix, from, stop, onProgress)[Symbol.asyncIterator]();
  const first = changes.next();
  await Promise.race([first, progress]);
  return continued(first, changes, (revision) => {
    given = revision;
    return until === undefined || revision <= until;
  });
}

async function* nothing(): AsyncGenerator<Change> {}

async function* continued(
  first: Promise<IteratorResult<Change, unknown>>,
  changes: AsyncIterator<Change, unknown>,
  take: (revision: bigint) => boolean,
): AsyncGenerator<Change> {
  try {
    for (let next = await first; !next.done; next = await changes.next()) {
      if (!take(next.value.revision)) return;
      yield next.value;
    }
  } finally {
    await changes.return?.();
  }
}
