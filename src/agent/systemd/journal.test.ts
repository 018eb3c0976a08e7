import { expect, test } from '@jest/globals';
import { explain, lastEntry, linesOf } from './journal.ts';

test('lines are told without empty ones, and long ones by their beginning', () => {
  expect(linesOf(`first\n\n${'x'.repeat(48 * 1024)}\n`)).toEqual(['first', `${'x'.repeat(1000)}…`]);
});

test('the last entry is told by its monotonic time', () => {
  const said = '{"__MONOTONIC_TIMESTAMP":"17"}\n{"__CURSOR":"c","__MONOTONIC_TIMESTAMP":"3832221273"}\n';
  expect(lastEntry(said)).toBe(3832221273);
  expect(lastEntry('')).toBe(Number.NEGATIVE_INFINITY);
});

test('a journalctl that was ended for taking too long is said to have given no answer', () => {
  const failed = new Error('Command failed: journalctl');
  expect(() => explain(failed)).toThrow(failed);
  expect(() => explain(Object.assign(failed, { killed: true }))).toThrow('journalctl gave no answer in 30 s');
});
