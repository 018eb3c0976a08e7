import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { rules } from './rules.ts';

const root = join(import.meta.dirname, '..', '..');

test.each(rules)('$broken: the edit fits the code', ({ file, from, to, tests }) => {
  expect(readFileSync(join(root, file), 'utf8').split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
  for (const path of tests) expect(existsSync(join(root, path))).toBe(true);
});
