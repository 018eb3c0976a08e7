import { Complaint } from './template-error.ts';

const simple: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"' },
};

/** Bytes by number (`\x41`, `\101`), characters by number (`\u00e9`, `\U0001f433`), and the letters above. */
const escapes = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gsu;

/**
 * What a string, a raw string or a character of Go stands for. Bytes that are no UTF-8 together become U+FFFD.
 *
 * @param text with its quotes
 * @throws Complaint for an escape that Go does not know
 */
export function unquote(text: string): string {
  const quote = text[0] ?? '';
  const inner = text.slice(1, -1);
  // As in Go, where source files are read on Windows too.
  if (quote === '`') return inner.replaceAll('\r', '');
  if (!inner.includes('\\')) return inner;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const match of inner.matchAll(escapes)) {
    parts.push(Buffer.from(inner.slice(at, match.index)), unescaped(match, quote));
    at = match.index + match[0].length;
  }
  parts.push(Buffer.from(inner.slice(at)));
  return Buffer.concat(parts).toString();
}

function unescaped(match: RegExpMatchArray, quote: string): Uint8Array {
  const [whole, hex, short, long, octal, letter] = match;
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  const byte = octal === undefined ? undefined : Number.parseInt(octal, 8);
  if (byte !== undefined && byte < 256) return Uint8Array.of(byte);
  const point = Number.parseInt(short ?? long ?? 'none', 16);
  if (point <= 0x10ffff && (point < 0xd800 || point > 0xdfff))
    return Buffer.from(String.fromCodePoint(point));
  const other = quote === '"' ? "'" : '"';
  const text = letter === undefined || letter === other ? undefined : simple[letter];
  if (text !== undefined) return Buffer.from(text);
  throw new Complaint(
    `${whole} means nothing in a string`,
    'write \\\\ for a backslash, or use `raw` quotes',
  );
}

/**
 * The number of a character constant such as 'a' or '\n'.
 *
 * @throws Complaint unless it is exactly one character
 */
export function unquoteChar(text: string): bigint {
  const escaped = /^'\\(?:x([\da-fA-F]{2})|([0-7]{3}))'$/.exec(text);
  const [, hex, octal] = escaped ?? [];
  if (hex !== undefined) return BigInt(`0x${hex}`);
  if (octal !== undefined) return BigInt(`0o${octal}`);
  const chars = [...unquote(text)];
  const point = chars[0]?.codePointAt(0);
  if (chars.length === 1 && point !== undefined) return BigInt(point);
  throw new Complaint(`${text} is not one character`, 'use double quotes for text');
}
