import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Limits } from './prune-limits.ts';
import { type Decision, isTemplateEntry, type PruneEntry, planPrune, startingTime } from './prune-plan.ts';

const day = 86_400_000;
const now = 1000 * day;

const entry = (key: string, changes: Partial<PruneEntry> = {}): PruneEntry => {
  const name = changes.state === 'half-made' ? `${key}.part` : key;
  return { kind: 'template', state: 'complete', key, name, bytes: 500, lastUse: now - day, ...changes };
};

const anyEntry = fc
  .record({
    kind: fc.constantFrom('template', 'template', 'template', 'image', 'lock'),
    state: fc.constantFrom('complete', 'complete', 'complete', 'half-made', 'removed'),
    bytes: fc.nat(2000),
    // Few different times, so that some are equal; some within the time of a start or in the future of a
    // clock that was set back.
    lastUse: fc.oneof(
      fc.nat(8).map((steps) => now - steps * 7 * day),
      fc.integer({ min: -1, max: 4 }).map((steps) => now - (steps * startingTime) / 2),
    ),
  })
  .map((each) => (each.kind === 'lock' ? { ...each, state: 'complete' as const, bytes: 0 } : each));

const anyEntries = fc
  .array(anyEntry, { maxLength: 12 })
  .map((list) =>
    list.map((each, index) => entry(`k${index >> 1}`, { ...each, name: `k${index >> 1}.${index}` })),
  );

const anyLimits: fc.Arbitrary<Limits> = fc.record({
  olderThan: fc.nat(60).map((days) => days * day),
  keepSize: fc.nat(6000),
  all: fc.boolean(),
});

const removed = (plan: readonly Decision[]) =>
  new Set(plan.filter(({ spared }) => spared === undefined).map((each) => each.entry));

const starting = ({ lastUse }: PruneEntry) => now - lastUse < startingTime;

function property(check: (kept: PruneEntry[], gone: Set<PruneEntry>, limits: Limits) => void): void {
  fc.assert(
    fc.property(anyEntries, anyLimits, (entries, limits) => {
      const gone = removed(planPrune(entries, limits, now));
      check(
        entries.filter((each) => isTemplateEntry(each) && !gone.has(each)),
        gone,
        limits,
      );
    }),
  );
}

describe('of what stays', () => {
  test('nothing is older than the limit', () => {
    property((kept, _gone, { olderThan, all }) => {
      for (const each of kept.filter((one) => !starting(one))) {
        expect(all).toBe(false);
        expect(now - each.lastUse).toBeLessThanOrEqual(olderThan);
      }
    });
  });

  test('all fits the size, unless only those are left that a machine may be starting from', () => {
    property((kept, _gone, { keepSize }) => {
      const bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
      if (!kept.every(starting)) expect(bytes).toBeLessThanOrEqual(keepSize);
    });
  });

  test('nothing was used before something that goes', () => {
    property((kept, gone) => {
      const lastGone = Math.max(...[...gone].filter(isTemplateEntry).map(({ lastUse }) => lastUse));
      for (const { lastUse } of kept) expect(lastUse).toBeGreaterThanOrEqual(lastGone);
    });
  });
});

test('no template goes without need', () => {
  property((kept, gone, { olderThan, keepSize, all }) => {
    const newest = [...gone]
      .filter(isTemplateEntry)
      .sort((a, b) => b.lastUse - a.lastUse || (a.name < b.name ? 1 : -1))[0];
    if (!newest || all || now - newest.lastUse > olderThan) return;
    expect([newest, ...kept].reduce((sum, each) => sum + each.bytes, 0)).toBeGreaterThan(keepSize);
  });
});

test('images and what machines may be starting from never go, and a lock only without its template', () => {
  property((kept, gone) => {
    for (const each of gone) {
      expect(each.kind).not.toBe('image');
      if (isTemplateEntry(each)) expect(starting(each)).toBe(false);
      if (each.kind === 'lock') expect(kept.map(({ key }) => key)).not.toContain(each.key);
    }
  });
});

test('the order of the list has no say', () => {
  const shuffled = anyEntries.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, anyLimits, ([entries, others], limits) => {
      expect(planPrune(others, limits, now)).toEqual(planPrune(entries, limits, now));
    }),
  );
});

test('each decision says its reason', () => {
  const entries = [
    ...[entry('fresh', { lastUse: now - 1000 }), entry('b'), entry('a', { lastUse: now - 2 * day })],
    ...[entry('old', { lastUse: now - 41 * day }), entry('cut', { state: 'half-made' })],
    ...[entry('old', { kind: 'lock', name: 'old.lock' }), entry('b', { kind: 'lock', name: 'b.lock' })],
  ];
  const plan = (limits: Limits) =>
    planPrune(entries, limits, now).map(({ entry: { name }, reason }) => `${name}: ${reason}`);
  expect(plan({ olderThan: 30 * day, keepSize: 1024 })).toEqual([
    'cut.part: left by a run that was cut off',
    'old: not used for 41 days',
    'a: the cache is larger than 1 KiB',
    'old.lock: there is no template of that name',
  ]);
  expect(planPrune(entries, { olderThan: 0, keepSize: 0, all: true }, now)).toContainEqual({
    entry: entries[0],
    reason: 'all templates are to go',
    spared: 'used 1 second ago, so a machine may be starting from it',
  });
});
