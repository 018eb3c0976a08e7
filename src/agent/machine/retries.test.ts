import { expect, test } from '@jest/globals';
import { Retries } from './retries.ts';

const same = () => 'launched';
const nobody = new Map();

test('what fails again and again is tried ever less often, up to every 30 s', () => {
  const retries = new Retries();
  let now = 0;
  const pauses = Array.from({ length: 6 }, () => {
    retries.failed('a.service', 'launched', now);
    const pause = retries.next(now, nobody);
    expect(retries.resting(same, now + pause - 1)).toEqual(new Set(['a.service']));
    now += pause;
    expect(retries.resting(same, now)).toEqual(new Set());
    return pause;
  });
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('each unit has its own, which ends with success or when something else is wanted', () => {
  const retries = new Retries();
  retries.failed('a.service', 'launched', 0);
  retries.failed('a.service', 'launched', 0);
  retries.failed('b.service', 'launched', 0);
  expect(retries.resting((unit) => (unit === 'a.service' ? 'loaded' : 'launched'), 0)).toEqual(
    new Set(['b.service']),
  );
  retries.failed('a.service', 'loaded', 0);
  expect(retries.next(0, nobody)).toBe(2000);
  retries.succeeded('b.service');
  retries.keep(new Set(['b.service']));
  expect(retries.next(0, nobody)).toBe(Number.POSITIVE_INFINITY);
});

test('a unit that is being stopped has no next try', () => {
  const retries = new Retries();
  retries.failed('a.service', 'launched', 0);
  expect(retries.next(5000, nobody)).toBe(0);
  expect(retries.next(5000, new Map([['a.service', true]]))).toBe(Number.POSITIVE_INFINITY);
});
