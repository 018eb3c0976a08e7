import { expect, test } from '@jest/globals';
import { plainLines, untilPanic } from './console.ts';

test('terminal control, NULs and empty lines are taken away', () => {
  const text =
    '\u001b[!p\u001b]104\u0007\u001b[?7h\u001b[6n\u0000\r\n\u001b[0;1;31mFailed\u001b[0m to start\r\r\n\n  done\r\n';
  expect(plainLines(text)).toEqual(['Failed to start', '  done']);
});

test('a kernel panic is found, with what led to it', () => {
  const panic = '[    2.1] Kernel panic - not syncing: Attempted to kill init!';
  expect(untilPanic(['cause', panic, 'stack'])).toEqual(['cause', panic]);
  expect(untilPanic(['ok'])).toBeUndefined();
});
