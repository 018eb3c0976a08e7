import { expect, test } from '@jest/globals';
import { isExiting } from './process.ts';

/** A line of /proc/<pid>/stat up to the number of threads. */
const stat = (state: string, flags: number, threads: number) =>
  `42 (a (b) c) ${state} 1 42 42 0 -1 ${flags} 0 0 0 0 1 2 0 0 20 0 ${threads} 0 100`;

test.each([
  ['a running process', stat('S', 0x400000, 5), false],
  ['one that frees its memory', stat('R', 0x400004, 5), true],
  ['a zombie whose threads still end', stat('Z', 0x400004, 2), true],
  ['a zombie', stat('Z', 0x400004, 1), false],
  ['none', '', false],
])('%s', (_, line, exiting) => {
  expect(isExiting(line)).toBe(exiting);
});
