import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { failed, interrupted, timedOut, unreachable, wrongUsage } from './failure.ts';

test('docs/cli.md lists the exit statuses that there are', () => {
  const [, section = ''] = readFileSync('docs/cli.md', 'utf8').split('## Exit status');
  const listed = [...section.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status));
  expect(listed).toEqual([0, failed, wrongUsage, timedOut, unreachable, interrupted]);
});
