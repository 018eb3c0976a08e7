import { plainText } from '../model/plain-text.ts';

/** Text in a cell, and how a terminal may show it; see `util.styleText`. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

export type Style = 'green' | 'yellow' | 'red' | 'dim';

/** What fleetctl shows where there is nothing. */
export const nothing: Cell = { text: '-' };

const gap = '  ';

/**
 * Rows in columns as wide as their widest cell, one line each; the last column is not padded. `paint` runs after
 * padding, because escape sequences take no place on the screen.
 */
export function renderTable(
  rows: readonly (readonly Cell[])[],
  paint: (text: string, style: Style) => string = (text) => text,
): string {
  const widths: number[] = [];
  const clean = rows.map((row) => row.map((cell) => ({ ...cell, text: plainText(cell.text) })));
  for (const row of clean) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.text.length);
    });
  }
  return clean.map((row) => `${renderRow(row, widths, paint)}\n`).join('');
}

function renderRow(
  row: readonly Cell[],
  widths: readonly number[],
  paint: (text: string, style: Style) => string,
): string {
  return row
    .map(({ text, style }, column) => {
      const painted = style ? paint(text, style) : text;
      const padding = column === row.length - 1 ? 0 : (widths[column] ?? 0) - text.length;
      return painted + ' '.repeat(padding);
    })
    .join(gap);
}
