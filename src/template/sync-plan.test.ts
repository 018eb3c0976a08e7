import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineDiff } from './line-diff.ts';
import { type FileState, hashOf, planSync, type SyncInput } from './sync-plan.ts';

const file: FileState = { contents: 'new\n', mode: 0o644, uid: 0, gid: 0 };
const inStep: SyncInput = { wanted: file, present: file, record: undefined, checks: true, reloads: true };
const told = { written: hashOf(file), reloaded: hashOf(file) };
const plan = (input: Partial<SyncInput>) =>
  planSync({ ...inStep, ...input }).map(({ do: what, reason }) => `${what}: ${reason}`);

describe('planSync', () => {
  test.each<[string, Partial<SyncInput>, string[]]>([
    ['nothing for a file that is in step', {}, []],
    ['nothing once the reload was told of it', { record: told }, []],
    [
      'all for a file that is not there',
      { present: undefined },
      ['check: it will be replaced', 'write: there is no such file', 'reload: it was replaced'],
    ],
    [
      'all for other contents',
      { present: { ...file, contents: 'old' } },
      ['check: it will be replaced', 'write: its contents differ', 'reload: it was replaced'],
    ],
    [
      'all for other bits and owners',
      { present: { ...file, mode: 0o600, uid: 5, gid: 6 } },
      [
        'check: it will be replaced',
        'write: its mode is 0600, not 0644, its owner is 5, not 0, its group is 6, not 0',
        'reload: it was replaced',
      ],
    ],
    [
      'the reload again that failed',
      { record: { ...told, reloaded: 'before' } },
      ['reload: the last reload failed'],
    ],
    [
      'no check and no reload where there are none',
      { present: undefined, checks: false, reloads: false },
      ['write: there is no such file'],
    ],
    ['only the file with syncOnly', { present: undefined, syncOnly: true }, ['write: there is no such file']],
    ['nothing with noop', { present: undefined, noop: true }, []],
  ])('%s', (_, input, steps) => {
    expect(plan(input)).toEqual(steps);
  });
});

describe('lineDiff', () => {
  test('shows what changes, with lines around it', () => {
    expect(lineDiff('1\n2\n3\n4\n5\n6\n7\n8\n', '1\n2\n3\n4\nfive\n6\n7\n8\n')).toBe(
      '@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
    );
  });

  test('a missing line end is a change', () => {
    expect(lineDiff('a\n', 'a')).toBe('@@ -1,1 +1,1 @@\n-a\n+a \\ no line end\n');
    expect(lineDiff('', 'a\n')).toBe('@@ -1,0 +1,1 @@\n+a\n');
    expect(lineDiff('a\n', 'a\n')).toBe('');
  });

  test('the new text is what is left when - goes, the old one when + goes', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
      .map((lines) => lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = lineDiff(before, after).split('\n').slice(1, -1);
        const side = (sign: string) =>
          lines
            .filter((line) => !line.startsWith(sign))
            .map((line) => `${line.slice(1)}\n`)
            .join('');
        expect(after).toContain(side('-'));
        expect(before).toContain(side('+'));
      }),
    );
  });
});
