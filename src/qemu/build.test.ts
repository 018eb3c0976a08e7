import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { diskScript } from './build.ts';

test('the script that makes the disk is sound shell, and ends at its first error', () => {
  expect(() => execFileSync('sh', ['-n', '-c', diskScript], { stdio: 'pipe' })).not.toThrow();
  expect(diskScript.startsWith('set -e;')).toBe(true);
});
