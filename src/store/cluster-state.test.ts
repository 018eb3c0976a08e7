import { describe, expect, test } from '@jest/globals';
import { systemClock } from './clock.ts';
import { readCluster, readClusterState } from './cluster-state.ts';
import { MemoryStore } from './memory.ts';
import type { Entry, KeyValue } from './store.ts';

const hash = 'a'.repeat(64);
const value = (targetState: string) => JSON.stringify({ hash, targetState });

test('an entry that stays the same is parsed once, and one that is written over anew', () => {
  const entries = new Map<string, Entry>([
    ['/flotilla/units/a.service', { value: value('launched'), revision: 1n }],
    ['/flotilla/units/b.service', { value: value('launched'), revision: 2n }],
  ]);
  const [a, b] = readClusterState(entries, 2n).units;
  entries.set('/flotilla/units/b.service', { value: value('loaded'), revision: 3n });
  const [sameA, newB] = readClusterState(entries, 3n).units;
  expect(sameA).toBe(a);
  expect([b?.targetState, newB?.targetState]).toEqual(['launched', 'loaded']);
});

test('a malformed entry is reported at every look', () => {
  const entries = new Map<string, Entry>([['/flotilla/units/a.service', { value: '{', revision: 1n }]]);
  for (const revision of [1n, 2n]) {
    expect(readClusterState(entries, revision).malformed.map(({ key }) => key)).toEqual([
      '/flotilla/units/a.service',
    ]);
  }
});

describe('a store that is read again', () => {
  const names = ['a', 'b'].map((name) => `/flotilla/units/${name}.service`);

  /** A store that has what `keys` says at the moment. */
  function openStore() {
    const state = { keys: keysOf(['launched', 'launched']) };
    const store = Object.assign(new MemoryStore(systemClock), {
      list: async () => ({ keys: state.keys, revision: 9n }),
    });
    return { store, state };
  }

  function keysOf(targets: readonly string[], modRevision = 1n): KeyValue[] {
    return names.map((key, at) => ({
      key,
      value: value(targets[at] ?? ''),
      modRevision,
      createRevision: 1n,
    }));
  }

  test('is parsed where it changed', async () => {
    const { store, state } = openStore();
    const [a, b] = (await readCluster(store)).units;
    const [, changed] = keysOf(['launched', 'loaded'], 2n);
    state.keys = state.keys.map((key, at) => (at === 1 && changed ? changed : key));
    const [sameA, newB] = (await readCluster(store)).units;
    expect(sameA).toBe(a);
    expect([b?.targetState, newB?.targetState]).toEqual(['launched', 'loaded']);
  });

  test('has another value though the revision is the same, when a backup was restored', async () => {
    const { store, state } = openStore();
    await readCluster(store);
    state.keys = keysOf(['loaded', 'launched']);
    expect((await readCluster(store)).units.map(({ targetState }) => targetState)).toEqual([
      'loaded',
      'launched',
    ]);
  });
});
