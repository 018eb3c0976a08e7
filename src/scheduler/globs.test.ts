import { expect, test } from '@jest/globals';
import { indexGlobs } from './globs.ts';

test('names meet patterns, literals and prefixes included', () => {
  const names = ['a.service', 'web@1.service', 'web@10.service', 'web@2.service', 'worker.service'];
  const index = indexGlobs(names, [
    ['web@?.service', '*'],
    ['a.service', '['],
    [],
    ['web@?.service'],
    ['nobody.service'],
  ]);
  expect(index.named).toEqual([[0, 1], [2, 3], [], [0], [4]]);
  expect(index.matching).toEqual([[1, 2], [0, 1], [1], [0, 1], [1]]);
  expect(index.holders).toEqual([[0, 3], [0], [1], [1], [4]]);
});
