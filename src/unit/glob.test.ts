import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileGlob, matchesGlob } from './glob.ts';

const matches = (pattern: string, name: string) => matchesGlob(compileGlob(pattern), name);

describe('globs', () => {
  test.each([
    ['web.service', 'web.service', true],
    ['web.service', 'webxservice', false],
    ['*', 'web.service', true],
    ['*', '', true],
    ['*', 'a/b', false],
    ['?', '/', false],
    ['web@*.service', 'web@.service', true],
    ['web@*.service', 'web@12.service', true],
    ['web@?.service', 'web@12.service', false],
    ['*a*b', 'xaybzb', true],
    ['[a-c]?', 'bz', true],
    ['[^a-c]', 'b', false],
    ['[^a-c]', 'd', true],
    ['[a^]', '^', true],
    ['[\\]]', ']', true],
    ['[z-a]', 'm', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a.b', 'axb', false],
    ['{a,b}', 'a', false],
    ['\u{1f433}?', '\u{1f433}\u{1f40b}', true],
  ])('%s against %s: %s', (pattern, name, expected) => expect(matches(pattern, name)).toBe(expected));

  test.each(['[', '[]', '[]a]', '[a', '[a-]', '[-a]', 'a\\', '[a\\', '[^]'])(
    '%s is malformed and matches nothing',
    (pattern) => {
      const glob = compileGlob(pattern);
      expect(glob.chunks).toBeUndefined();
      expect(matchesGlob(glob, pattern)).toBe(false);
    },
  );

  test('the prefix is what every match starts with', () => {
    expect(compileGlob('web@*.service')).toMatchObject({ prefix: 'web@', literal: false });
    expect(compileGlob('a\\*b')).toMatchObject({ prefix: 'a*b', literal: true });
  });

  test('many stars take no longer than few', () => {
    const name = `${'-'.repeat(200)}.service`;
    expect(matches('*-*-*-*-*-*-*-*-*-*-*-*-*-*!', name)).toBe(false);
    expect(matches('*-*-*-*-*-*-*-*-*-*-*-*-*-*.service', name)).toBe(true);
  });

  test('no star stands for a slash', () => {
    expect(matches('a*c', 'a/c')).toBe(false);
    expect(matches('*c', 'a/c')).toBe(false);
    expect(matches('a*', 'a/c')).toBe(false);
    expect(matches('*/*', 'a/c')).toBe(true);
  });

  test('a star matches the same as any text in its place', () => {
    const text = fc.stringMatching(/^[a-z@.-]{0,6}$/);
    fc.assert(
      fc.property(text, text, text, (before, middle, after) => {
        expect(matches(`${before}*${after}`, before + middle + after)).toBe(true);
      }),
    );
  });
});
