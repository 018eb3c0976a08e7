import { describe, expect, test } from '@jest/globals';
import { parseDockerignore } from './dockerignore.ts';

/** As Docker's own tests and its manual have them. */
const cases: readonly (readonly [patterns: string, path: string, excluded: boolean])[] = [
  ['node_modules', 'node_modules/a/b.js', true],
  ['/node_modules/', 'node_modules', true],
  ['node_modules', 'src/node_modules', false],
  ['**/node_modules', 'src/node_modules/x', true],
  ['**/node_modules', 'node_modules', true],
  ['*.md', 'README.md', true],
  ['*.md', 'docs/README.md', false],
  ['*/temp*', 'somedir/temporary.txt', true],
  ['*/*/temp*', 'somedir/temporary.txt', false],
  ['temp?', 'tempa', true],
  ['temp?', 'temp', false],
  ['**/*.go', 'a/b/c.go', true],
  ['**/*.go', 'c.go', true],
  ['docs/**', 'docs/a/b', true],
  ['docs/**', 'docs', false],
  ['*.md\n!README.md', 'README.md', false],
  ['!README.md\n*.md', 'README.md', true],
  ['*\n!src', 'src/main.ts', false],
  ['*\n!src', 'other', true],
  ['# a comment\n\n  spaced  ', 'spaced', true],
  ['.', 'anything', false],
  ['a/../b', 'b', true],
  ['[a-c].txt', 'b.txt', true],
  ['[^a-c].txt', 'b.txt', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['a+(b).txt', 'a+(b).txt', true],
  ['.env', 'Xenv', false],
  ['', 'anything', false],
];

describe('.dockerignore', () => {
  test.each(cases)('%j: %s is left out: %s', (patterns, path, excluded) => {
    expect(parseDockerignore(patterns).excludes(path)).toBe(excluded);
  });

  test('a pattern that is none is named', () => {
    expect(() => parseDockerignore('fine\n[a-')).toThrow('.dockerignore: [a- is no pattern');
  });

  test('exceptions are known, since a folder that is left out has to be looked into then', () => {
    expect(parseDockerignore('*').hasExceptions).toBe(false);
    expect(parseDockerignore('*\n!src').hasExceptions).toBe(true);
  });
});
