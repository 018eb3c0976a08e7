import { expect, test } from '@jest/globals';
import { readClusterState } from './cluster-state.ts';
import type { Entry } from './store.ts';

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
