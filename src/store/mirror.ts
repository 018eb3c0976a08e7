import { messageOf } from '../model/message-of.ts';
import { Backoff } from './backoff.ts';
import { type Clock, sleep } from './clock.ts';
import { Compacted, type Entry, entriesOf, type Store } from './store.ts';

/** A live copy of everything below a prefix. The map is the same object all the time and changes in place. */
export interface MirrorView {
  readonly entries: ReadonlyMap<string, Entry>;
  /** The store's revision up to which the copy is true. */
  readonly revision: bigint;
}

export interface MirrorOptions {
  readonly store: Store;
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Called when the copy is complete and after each change to it. */
  readonly onChange: (view: MirrorView) => void;
  /** Called when the store can't be followed; the last copy stays, but may be old. */
  readonly onLoss?: () => void;
}

/** Milliseconds between a failure and the next try: the store may be down for long, with all its clients waiting. */
const retryPauses = { first: 1000, most: 5000 };

/** Milliseconds after which everything is listed again though nothing seems wrong. */
const relistPeriod = 600_000;

/** Keeps a copy of `prefix` true by list and watch until `signal` aborts. Never rejects. */
export async function mirror(options: MirrorOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, prefix } = options;
  const backoff = new Backoff(retryPauses, clock);
  let failing = false;
  while (!signal.aborted) {
    try {
      await follow(options, signal, () => {
        backoff.reset();
        if (failing) log(`${prefix} can be followed again`);
        failing = false;
      });
    } catch (error) {
      if (signal.aborted) return;
      // One line per outage: at one try a second anything else would flood the journal.
      if (!failing && !(error instanceof Compacted)) log(`${prefix} can't be followed: ${messageOf(error)}`);
      failing ||= !(error instanceof Compacted);
      options.onLoss?.();
      await sleep(clock, backoff.next(), signal);
    }
  }
}

/** One listing and the watch that continues it, until it is time to list again. */
async function follow(options: MirrorOptions, signal: AbortSignal, listed: () => void): Promise<void> {
  const { store, prefix, clock, onChange } = options;
  const { keys, revision } = await store.list(prefix);
  listed();
  const entries = entriesOf(keys);
  onChange({ entries, revision });
  const renewal = new AbortController();
  const cancel = clock.after(relistPeriod, () => renewal.abort());
  try {
    for await (const change of store.watch(
      prefix,
      revision + 1n,
      AbortSignal.any([signal, renewal.signal]),
    )) {
      if (change.type === 'delete') entries.delete(change.key);
      else entries.set(change.key, { value: change.value, revision: change.revision });
      onChange({ entries, revision: change.revision });
    }
  } finally {
    cancel();
  }
}
