import { prefixes } from '../../src/store/keys.ts';
import {
  type Change,
  type Entry,
  entriesOf,
  type KeyValue,
  type Listing,
  type Operation,
  type Transaction,
} from '../../src/store/store.ts';

/** Keys below a prefix as a process knew them. */
export type KnownKeys = ReadonlyMap<string, Entry>;

/** A transaction over placements that the store has done. */
export interface Decided {
  readonly transaction: Transaction;
  readonly revision: bigint;
  /** The leader's key just before. */
  readonly leader: KeyValue | undefined;
  /** What the writer knew below a prefix when it decided. */
  readonly known: (prefix: string) => KnownKeys | undefined;
}

/** What one process was told by the store, kept apart from what the process made of it. */
export class Witness {
  readonly #known = new Map<string, Map<string, Entry>>();
  onDecided: (decided: Decided) => void = () => {};
  /** Hears how many milliseconds ago the renewal of the lease was sent that was answered now. */
  onRenewed: (ago: number) => void = () => {};
  /** Hears the prefix below which something became known. */
  onHeard: (prefix: string) => void = () => {};

  /** Keys below a prefix that this process lists or watches as a whole; undefined before the first answer. */
  known(prefix: string): KnownKeys | undefined {
    return this.#known.get(prefix);
  }

  listed(prefix: string, { keys }: Listing): void {
    this.#known.set(prefix, entriesOf(keys));
    this.onHeard(prefix);
  }

  changed(prefix: string, { type, key, value, revision }: Change): void {
    const entries = this.#known.get(prefix);
    if (type === 'delete') entries?.delete(key);
    else entries?.set(key, { value, revision });
    this.onHeard(prefix);
  }

  /** To be called when the process asks; what it returns, when the store has done it. undefined: no placements in it. */
  asks(transaction: Transaction): ((done: Pick<Decided, 'revision' | 'leader'>) => void) | undefined {
    if (!transaction.success.some(isDecision)) return undefined;
    const known = new Map([...this.#known].map(([prefix, entries]) => [prefix, new Map(entries)]));
    return (done) => this.onDecided({ transaction, known: (prefix) => known.get(prefix), ...done });
  }
}

function isDecision(operation: Operation): boolean {
  const key = 'put' in operation ? operation.put : 'delete' in operation ? operation.delete : '';
  return key.startsWith(prefixes.placement);
}
