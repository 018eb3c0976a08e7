import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type GraceInput, graceOf, graceSeconds } from './grace.ts';
import type { Opinion } from './second-opinion.ts';

/** Seconds are easier to read than milliseconds; `held` names what stays, `until` is in seconds too. */
function grace(sightings: {
  now: number;
  leaderSince?: number;
  sessionSince?: number;
  present?: number;
  missing: Record<string, number>;
  opinions?: Record<string, Opinion>;
}) {
  const { now, leaderSince = -1000, sessionSince = -1000, present = 2, missing, opinions = {} } = sightings;
  const input: GraceInput = {
    now: now * 1000,
    leaderSince: leaderSince * 1000,
    sessionSince: sessionSince * 1000,
    present,
    missing: new Map(Object.entries(missing).map(([id, since]) => [id, since * 1000])),
    opinions: new Map(Object.entries(opinions)),
  };
  const { held, until } = graceOf(input);
  return [[...held].join(' '), until / 1000];
}

const never = Number.POSITIVE_INFINITY;

describe('graceOf', () => {
  test.each<[string, Parameters<typeof grace>[0], [string, number]]>([
    ['nobody is missing', { now: 100, missing: {} }, ['', never]],
    ['one just went', { now: 100, missing: { a: 100 } }, ['a', 103]],
    ['one went 3 s ago', { now: 103, missing: { a: 100 } }, ['', never]],
    ['one of two, the other remains', { now: 103, present: 1, missing: { a: 100 } }, ['', never]],
    ['two went one after the other', { now: 103.5, present: 5, missing: { a: 100, b: 101 } }, ['b', 104]],
    ['the leader is new', { now: 100, leaderSince: 100, missing: { a: 97 } }, ['a', 103]],
    ['the leader is 3 s old', { now: 103, leaderSince: 100, missing: { a: 97 } }, ['', never]],
    ['the session is new', { now: 105, leaderSince: 100, sessionSince: 99, missing: { a: 100 } }, ['a', 129]],
    [
      'the session is new, and nothing answers',
      { now: 105, leaderSince: 100, sessionSince: 99, missing: { a: 100 }, opinions: { a: 'silent' } },
      ['a', 109],
    ],
    ['most went', { now: 110, present: 2, missing: { a: 100, b: 101, c: 101 } }, ['a b c', 161]],
    ['most went a minute ago', { now: 161, present: 2, missing: { a: 100, b: 101, c: 101 } }, ['', never]],
    [
      'most went and are silent',
      { now: 110, present: 1, missing: { a: 100, b: 101 }, opinions: { a: 'silent', b: 'silent' } },
      ['a b', 161],
    ],
    ['half went', { now: 110, present: 2, missing: { a: 100, b: 100 } }, ['', never]],
    ['everybody but us went', { now: 110, present: 1, missing: { a: 100, b: 100 } }, ['a b', 160]],
    ['one is silent', { now: 103, missing: { a: 100 }, opinions: { a: 'silent' } }, ['', never]],
    ['one answers', { now: 400, missing: { a: 100 }, opinions: { a: 'answers' } }, ['a', 700]],
    ['one is being called', { now: 103, missing: { a: 100 }, opinions: { a: 'asking' } }, ['a', 700]],
    ['one answers at once', { now: 101, missing: { a: 100 }, opinions: { a: 'answers' } }, ['a', 103]],
    [
      'one answers for ten minutes',
      { now: 700, missing: { a: 100 }, opinions: { a: 'answers' } },
      ['', never],
    ],
    [
      'one of two answers',
      { now: 110, present: 2, missing: { a: 100, b: 100 }, opinions: { a: 'answers', b: 'silent' } },
      ['a', 700],
    ],
  ])('%s', (_, sightings, expected) => {
    expect(grace(sightings)).toEqual(expected);
  });
});

test('a machine that answers is told apart when its grace is over', () => {
  const seen = {
    now: 2000,
    leaderSince: -100_000,
    sessionSince: -100_000,
    present: 2,
    missing: new Map([['a', 0]]),
    opinions: new Map<string, Opinion>([['a', 'answers']]),
  };
  expect([...graceOf(seen).answering]).toEqual([]);
  expect([...graceOf({ ...seen, now: 3000 }).answering]).toEqual(['a']);
});

const ids = ['a', 'b', 'c', 'd', 'e'];
const times = fc.integer({ min: 0, max: 2_000_000 });
const opinion = fc.constantFrom<Opinion>('asking', 'answers', 'silent');
const sightings = fc.record({
  now: times,
  leaderSince: times,
  sessionSince: times,
  present: fc.integer({ min: 1, max: 5 }),
  missing: fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), times), { selector: ([id]) => id }),
  opinions: fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), opinion), { selector: ([id]) => id }),
});

test('whatever is seen: nobody moves too early, and everybody in the end', () => {
  fc.assert(
    fc.property(sightings, ({ missing, opinions, ...rest }) => {
      const now = Math.max(
        rest.now,
        rest.leaderSince,
        rest.sessionSince,
        ...missing.map(([, since]) => since),
      );
      const seen = { ...rest, now, missing: new Map(missing), opinions: new Map(opinions) };
      const { held, awaited, answering, until } = graceOf(seen);
      for (const [id, since] of seen.missing) {
        const alive = ['answers', 'asking'].includes(seen.opinions.get(id) ?? '');
        const least = alive ? graceSeconds.answering : graceSeconds.missing;
        if (now - since < least * 1000) expect(held).toContain(id);
      }
      for (const id of held) expect(awaited).toContain(id);
      for (const id of answering) expect(held).toContain(id);
      expect(until).toBeGreaterThan(now);
      expect(graceOf({ ...seen, now: now + 601_000 }).held.size).toBe(0);
    }),
  );
});
