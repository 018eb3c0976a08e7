import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseUnit, type UnitOption } from './parse.ts';
import { serialiseOptions } from './serialise.ts';

const plain = (text: string): UnitOption[] =>
  parseUnit(text).options.map(({ section, name, value }) => ({ section, name, value }));

describe('parseUnit', () => {
  test('keeps order, repetition and empty assignments', () => {
    const text =
      '# a comment\n[Unit]\nAfter=b.service\nAfter=a.service\n\n; another\n[Service]\nExecStart=\nExecStart=/bin/true\n';
    expect(parseUnit(text)).toMatchObject({
      options: [
        { section: 'Unit', name: 'After', value: 'b.service', line: 3 },
        { section: 'Unit', name: 'After', value: 'a.service', line: 4 },
        { section: 'Service', name: 'ExecStart', value: '', line: 8 },
        { section: 'Service', name: 'ExecStart', value: '/bin/true', line: 9 },
      ],
      sections: [
        { name: 'Unit', line: 2 },
        { name: 'Service', line: 7 },
      ],
      flaws: [],
    });
  });

  test('keeps continuation lines as written and goes on counting lines', () => {
    const { options, flaws } = parseUnit(
      '[Service]\nExecStart=/bin/sh \\\n  -c \\\n  "a = b"\nType=simple\n',
    );
    expect(options).toEqual([
      { section: 'Service', name: 'ExecStart', value: '/bin/sh \\\n  -c \\\n  "a = b"', line: 2 },
      { section: 'Service', name: 'Type', value: 'simple', line: 5 },
    ]);
    expect(flaws).toEqual([]);
  });

  test('takes blanks off names and values, and only the first = separates', () => {
    expect(plain('[Unit]\n  Environment =\u00a0A=1 \t\n')).toEqual([
      { section: 'Unit', name: 'Environment', value: 'A=1' },
    ]);
  });

  test('a comment sign inside a value is part of it', () => {
    expect(plain('[Unit]\nDescription=a # b ; c\n')[0]?.value).toBe('a # b ; c');
  });

  test.each([
    ['Description=x\n', 'outside-section', 1],
    ['[Unit]\nDescription\nAfter=x\n', 'assignment', 2],
    ['[Unit] x\nA=b\n', 'section-header', 1],
    ['\n[Unit\nA=b\n', 'section-header', 2],
    ['[Unit\nA=b]\nC=d\n', 'section-name', 1],
    ['[]\nA=b\n', 'section-name', 1],
    ['[ Unit ]\nA=b\n', 'section-name', 1],
    ['[Unit]\nA=b\\\n', 'continuation', 2],
    ['[Unit]\nA=b \\', 'continuation', 2],
    ['[Unit]\nA=b \\\n\nC=d\n', 'continuation', 2],
    ['[Unit]\n# note \\\nA=b\n', 'continuation', 2],
  ])('%j breaks %s in line %i', (text, rule, line) => {
    expect(parseUnit(text).flaws).toEqual([expect.objectContaining({ rule, line })]);
  });

  test('reports all mistakes and reads on after each', () => {
    const { flaws, options } = parseUnit('stray\n[Unit] junk\nnonsense\nA=b\nmore nonsense\n');
    expect(flaws.map(({ line }) => line)).toEqual([1, 2, 3, 5]);
    expect(options.map(({ name }) => name)).toEqual(['A']);
  });

  test('what was serialised reads back the same, grouped by section', () => {
    const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/);
    const value = fc.stringMatching(/^([!-[\]-~]([ -[\]-~]*[!-[\]-~])?)?$/);
    const option = fc.record({ section: word, name: word, value });
    fc.assert(
      fc.property(fc.array(option), (options) => {
        const sections = [...new Set(options.map(({ section }) => section))];
        const grouped = sections.flatMap((section) => options.filter((it) => it.section === section));
        expect(plain(serialiseOptions(options))).toEqual(grouped);
      }),
    );
  });

  test('survives any text, and every flaw names a line of it', () => {
    const text = fc
      .array(fc.constantFrom('[', ']', '=', '\\', '\n', '#', ';', 'a', ' ', '\r', '\u{1f433}'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (text) => {
        const lines = text.split('\n').length;
        for (const { line = 0 } of parseUnit(text).flaws) expect(line >= 1 && line <= lines).toBe(true);
      }),
    );
  });
});
