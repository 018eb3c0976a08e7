import { expect, test } from '@jest/globals';
import { Backoff } from './backoff.ts';

const same = () => 'launched';
const nobody = new Map();

test('what fails again and again is tried ever less often, up to every 30 s', () => {
  const backoff = new Backoff();
  let now = 0;
  const pauses = Array.from({ length: 6 }, () => {
    backoff.failed('a.service', 'launched', now);
    const pause = backoff.next(now, nobody);
    expect(backoff.held(same, now + pause - 1)).toEqual(new Set(['a.service']));
    now += pause;
    expect(backoff.held(same, now)).toEqual(new Set());
    return pause;
  });
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('each unit has its own, which ends with success or when something else is wanted', () => {
  const backoff = new Backoff();
  backoff.failed('a.service', 'launched', 0);
  backoff.failed('a.service', 'launched', 0);
  backoff.failed('b.service', 'launched', 0);
  expect(backoff.held((unit) => (unit === 'a.service' ? 'loaded' : 'launched'), 0)).toEqual(
    new Set(['b.service']),
  );
  backoff.failed('a.service', 'loaded', 0);
  expect(backoff.next(0, nobody)).toBe(2000);
  backoff.succeeded('b.service');
  backoff.keep(new Set(['b.service']));
  expect(backoff.next(0, nobody)).toBe(Number.POSITIVE_INFINITY);
});

test('a unit that is being stopped has no next try', () => {
  const backoff = new Backoff();
  backoff.failed('a.service', 'launched', 0);
  expect(backoff.next(5000, nobody)).toBe(0);
  expect(backoff.next(5000, new Map([['a.service', true]]))).toBe(Number.POSITIVE_INFINITY);
});
