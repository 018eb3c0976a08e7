import { expect, test } from '@jest/globals';
import { linesOf } from './journal.ts';

test('lines are told without empty ones, and long ones by their beginning', () => {
  expect(linesOf(`first\n\n${'x'.repeat(48 * 1024)}\n`)).toEqual(['first', `${'x'.repeat(1000)}…`]);
});
