import type { KeyValue, Store } from './store.ts';

/** One key; undefined when it is not there. A list answers also the longer keys that begin like it. */
export async function findKey(store: Store, key: string): Promise<KeyValue | undefined> {
  return (await store.list(key)).keys.find((found) => found.key === key);
}
