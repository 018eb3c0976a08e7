import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { forgetScript, readyScript } from './template-scripts.ts';

test.each([
  ['ready', readyScript],
  ['forget', forgetScript],
])('the script %s is sound shell, and ends at its first error', (_, script) => {
  expect(() => execFileSync('sh', ['-n', '-c', script], { stdio: 'pipe' })).not.toThrow();
  expect(script.startsWith('\nset -eu\n')).toBe(true);
});
