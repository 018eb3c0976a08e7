import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expandBraces, globMatcher, isGlob, unitName } from './unit-words.ts';

describe('expandBraces', () => {
  test.each([
    ['hello.service', ['hello.service']],
    ['web@{1..3}', ['web@1', 'web@2', 'web@3']],
    ['web@{3..1}.service', ['web@3.service', 'web@2.service', 'web@1.service']],
    ['web@{08..10}', ['web@08', 'web@09', 'web@10']],
    ['{web,db}.service', ['web.service', 'db.service']],
    ['{a,b}@{1..2}', ['a@1', 'a@2', 'b@1', 'b@2']],
    ['a{b,c{1,2}}', ['ab', 'ac1', 'ac2']],
    ['a{,.old}', ['a', 'a.old']],
    ['a{b}c', ['a{b}c']],
    ['a{1..}', ['a{1..}']],
    ['{a,a}', ['a']],
  ])('%s', (word, words) => {
    expect(expandBraces(word)).toEqual(words);
  });

  test.each(['{1..100000}', '{1..999}{1..2}', '{1..999}{1..999}{1..999}{1..999}'])(
    '%s stands for more units than anybody means',
    (word) => {
      expect(() => expandBraces(word)).toThrow('name 1000 at most');
    },
  );

  test('gives the words that bash gives', () => {
    const number = fc.integer({ min: -12, max: 12 });
    const padded = fc.integer({ min: 0, max: 9 }).map((each) => `0${each}`);
    const range = fc
      .tuple(fc.oneof(number, padded), fc.oneof(number, padded))
      .map(([a, b]) => `{${a}..${b}}`);
    const letters = fc.stringMatching(/^[a-z]{1,2}$/);
    const list = fc.array(letters, { minLength: 2, maxLength: 3 }).map((each) => `{${each.join(',')}}`);
    const word = fc
      .array(fc.oneof(letters, range, list), { minLength: 1, maxLength: 3 })
      .map((each) => each.join('@'));
    fc.assert(
      fc.property(word, (each) => {
        fc.pre(countOf(each) <= 1000);
        const bash = execFileSync('bash', ['-c', `printf '%s\n' ${each}`], { encoding: 'utf8' });
        expect(expandBraces(each)).toEqual([...new Set(bash.trimEnd().split('\n'))]);
      }),
      { numRuns: 30 },
    );
  });
});

function countOf(word: string): number {
  return 25 ** (word.match(/\.\./g)?.length ?? 0) * 3 ** (word.match(/,/g) ? 2 : 0);
}

test.each([
  ['hello', 'hello.service'],
  ['web@1', 'web@1.service'],
  ['units/web.socket', 'web.socket'],
  ['./a.b', 'a.b.service'],
])('%s means %s', (word, name) => {
  expect(unitName(word)).toBe(name);
});

test('a glob means services where it has no type', () => {
  expect([isGlob('web@*'), isGlob('web@1'), isGlob('web@[12]')]).toEqual([true, false, true]);
  expect(['web@1.service', 'web@3.service', 'web@1.socket'].filter(globMatcher('web@[12]'))).toEqual([
    'web@1.service',
  ]);
  expect(['web@1.service', 'web@1.socket'].filter(globMatcher('web@*'))).toHaveLength(2);
});
