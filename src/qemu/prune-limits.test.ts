import { expect, test } from '@jest/globals';
import { ageText, parseAge, parseSize, sizeText } from './prune-limits.ts';

test.each([
  ['30d', 2_592_000_000],
  ['12h', 43_200_000],
  ['1.5 m', 90_000],
  ['2W', 1_209_600_000],
  ['0s', 0],
])('%s is a duration', (text, expected) => {
  expect(parseAge(text)).toBe(expected);
});

test.each([
  ['4GiB', 4 * 2 ** 30],
  ['500 mib', 500 * 2 ** 20],
  ['0B', 0],
])('%s is a size', (text, expected) => {
  expect(parseSize(text)).toBe(expected);
});

test.each(['', '30', 'd', '-1d', '1y', '1e3s', '4GB', 'toString'])('%j is neither', (text) => {
  expect([parseAge(text), parseSize(text)]).toEqual([undefined, undefined]);
});

test('an age is told in its largest unit', () => {
  const texts = [0, 999, 1000, 59_999, 60_000, 7_200_000, 86_400_000 * 41.9, -5].map(ageText);
  expect(texts).toEqual([
    '0 seconds',
    '0 seconds',
    '1 second',
    '59 seconds',
    '1 minute',
    '2 hours',
    '41 days',
    '0 seconds',
  ]);
});

test('a size is told with a decimal where that says something', () => {
  const texts = [0, 4096, 496 * 2 ** 20, 1.26 * 2 ** 30, 4 * 2 ** 30].map(sizeText);
  expect(texts).toEqual(['0 B', '4 KiB', '496 MiB', '1.3 GiB', '4 GiB']);
});
