import { describe, expect, test } from '@jest/globals';
import { graceOf, type Sightings } from './grace.ts';

/** Seconds are easier to read than milliseconds; `held` names what stays, `until` is in seconds too. */
function grace(sightings: {
  now: number;
  leaderSince?: number;
  sessionSince?: number;
  present?: number;
  missing: Record<string, number>;
}) {
  const { now, leaderSince = -1000, sessionSince = -1000, present = 2, missing } = sightings;
  const input: Sightings = {
    now: now * 1000,
    leaderSince: leaderSince * 1000,
    sessionSince: sessionSince * 1000,
    present,
    missing: new Map(Object.entries(missing).map(([id, since]) => [id, since * 1000])),
  };
  const { held, until } = graceOf(input);
  return [[...held].join(' '), until === undefined ? undefined : until / 1000];
}

describe('graceOf', () => {
  test.each([
    ['nobody is missing', { now: 100, missing: {} }, ['', undefined]],
    ['one just went', { now: 100, missing: { a: 100 } }, ['a', 104]],
    ['one went 4 s ago', { now: 104, missing: { a: 100 } }, ['', undefined]],
    ['one of two, the other remains', { now: 104, present: 1, missing: { a: 100 } }, ['', undefined]],
    ['two went one after the other', { now: 104.5, present: 5, missing: { a: 100, b: 101 } }, ['b', 105]],
    ['the leader is new', { now: 100, leaderSince: 100, missing: { a: 100 } }, ['a', 105]],
    ['the leader is 5 s old', { now: 105, leaderSince: 100, missing: { a: 100 } }, ['', undefined]],
    ['the session is new', { now: 105, leaderSince: 100, sessionSince: 99, missing: { a: 100 } }, ['a', 129]],
    ['most went', { now: 110, present: 2, missing: { a: 100, b: 101, c: 101 } }, ['a b c', 161]],
    [
      'most went a minute ago',
      { now: 161, present: 2, missing: { a: 100, b: 101, c: 101 } },
      ['', undefined],
    ],
    ['half went', { now: 110, present: 2, missing: { a: 100, b: 100 } }, ['', undefined]],
    ['everybody but us went', { now: 110, present: 1, missing: { a: 100, b: 100 } }, ['a b', 160]],
  ])('%s', (_, sightings, expected) => {
    expect(grace(sightings)).toEqual(expected);
  });
});
