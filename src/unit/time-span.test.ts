import { expect, test } from '@jest/globals';
import { readTimeSpan } from './time-span.ts';

test.each([
  ['90', 90],
  ['90s', 90],
  ['2min', 120],
  ['1h 30min', 5400],
  ['1h30m', 5400],
  ['500ms', 0.5],
  ['1.5 hr', 5400],
  ['1 day', 86_400],
  ['1M', 2_629_800],
])('%s is %d seconds', (text, seconds) => expect(readTimeSpan(text)).toBeCloseTo(seconds));

test.each(['', 'infinity', 's', '5 parsecs', '-3', '1h,2m', '5 constructor', 'about 5s'])(
  '%j is no time span',
  (text) => expect(readTimeSpan(text)).toBeUndefined(),
);
