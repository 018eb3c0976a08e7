const named: ReadonlyMap<number, string> = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [92, '\\\\'],
]);

/** Letters, marks, numbers, punctuation, symbols and the space, as Go's unicode.IsPrint. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** Text as a Go literal. @param mark the quote around it */
export function quote(text: string, mark: '"' | "'" = '"', asciiOnly = false): string {
  return mark + [...text].map((char) => escaped(char, mark, asciiOnly)).join('') + mark;
}

function escaped(char: string, mark: string, asciiOnly: boolean): string {
  const point = char.codePointAt(0) ?? 0;
  const short = char === mark ? `\\${mark}` : named.get(point);
  if (short !== undefined) return short;
  if (printable.test(char) && !(asciiOnly && point > 127)) return char;
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

function hex(point: number, length: number): string {
  return point.toString(16).padStart(length, '0');
}
