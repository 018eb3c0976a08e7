import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.ts';

test('pauses double up to the longest, and start anew after a success', () => {
  const backoff = new Backoff({ first: 100, most: 500 }, { random: () => 1 });
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 200, 400, 500, 500]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test('chance takes away half of a pause at most', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.array(chance, { minLength: 1, maxLength: 2000 }), (chances) => {
      const draws = chances.values();
      const backoff = new Backoff({ first: 100, most: 500 }, { random: () => draws.next().value ?? 0 });
      for (const [failures] of chances.entries()) {
        const longest = Math.min(100 * 2 ** failures, 500);
        const pause = backoff.next();
        if (pause < longest / 2 || pause > longest) return false;
      }
      return true;
    }),
  );
});
