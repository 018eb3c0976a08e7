import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quote } from './quote.ts';

/** Ends every argument with a NUL, which none can hold, so that the split is exact. */
const printer = ['sh', '-c', `printf '%s\\0' "$@"`, 'print'];

function throughShell(args: readonly string[]): readonly string[] {
  const { stdout } = spawnSync('/bin/sh', ['-c', quote([...printer, ...args])], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

describe('quote', () => {
  test('any words pass through a real shell unchanged', () => {
    const nasty = fc.constantFrom(
      "'",
      '"',
      '\\',
      '$(id)',
      '`id`',
      '\n',
      '!',
      '~',
      '*',
      '\t',
      ' ',
      ';',
      '#',
      '-n',
      '',
    );
    const word = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
      fc.array(nasty).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        expect(throughShell(words)).toEqual(words);
      }),
      { numRuns: 150 },
    );
  });

  test('plain words stay readable', () => {
    expect(quote(['systemctl', 'start', '--no-block', 'etcd.service'])).toBe(
      'systemctl start --no-block etcd.service',
    );
    expect(quote(['echo', 'a b', ''])).toBe("echo 'a b' ''");
  });

  test('what no argv can carry is refused', () => {
    expect(() => quote([])).toThrow('at least one word');
    expect(() => quote(['a\0b'])).toThrow('NUL');
  });
});
