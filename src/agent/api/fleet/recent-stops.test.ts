import { expect, test } from '@jest/globals';
import { RecentStops } from './recent-stops.ts';

test('a stop is recent once, and only for a while', () => {
  let now = 0;
  const stops = new RecentStops(() => now);
  expect(stops.take('a.service')).toBe(false);
  stops.add('a.service');
  now = 2000;
  stops.add('b.service');
  expect([stops.take('a.service'), stops.take('a.service')]).toEqual([true, false]);
  now = 6000;
  expect(stops.take('b.service')).toBe(false);
});
