import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Cell, renderTable } from './table.ts';

const row = (...texts: string[]): Cell[] => texts.map((text) => ({ text }));

describe('renderTable', () => {
  test('pads every column but the last to its widest cell', () => {
    expect(renderTable([row('UNIT', 'SUB'), row('a.service', 'x')])).toBe('UNIT       SUB\na.service  x\n');
  });

  test('colours take no room', () => {
    const rows: Cell[][] = [
      [{ text: 'a', style: 'red' }, { text: 'b' }],
      [{ text: 'long' }, { text: 'c' }],
    ];
    expect(renderTable(rows, (text, style) => `<${style}>${text}</>`)).toBe('<red>a</>     b\nlong  c\n');
  });

  test('every cell of a column starts at the same place', () => {
    const text = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text), { minLength: 1 }), (rows) => {
        const lines = renderTable(rows.map((cells) => row(...cells)))
          .split('\n')
          .slice(0, -1);
        const starts = lines.map((line) => [...line.matchAll(/\S+/g)].map((match) => match.index).join());
        expect(new Set(starts).size).toBe(1);
        expect(lines.map((line) => line.split(/ +/))).toEqual(rows);
      }),
    );
  });
});
