import { cost } from './effort.ts';
import { type TemplateFunction, takes } from './function.ts';
import { base, dir } from './path.ts';
import { Complaint } from './template-error.ts';
import { List } from './value.ts';

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);

/** With padding at its end, and line breaks anywhere, as Go's base64.StdEncoding reads it. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const stringFunctions: Readonly<Record<string, TemplateFunction>> = {
  base: takes(['string'], ([path]) => base(path)),
  dir: takes(['string'], ([path]) => dir(path)),
  split: takes(['string', 'string'], ([text, separator], { effort }) => {
    const parts = split(text, separator);
    effort.spend(cost.item * parts.length);
    return new List('string', parts);
  }),
  join: takes(['strings', 'string'], ([list, separator], { effort }) => {
    effort.spend(cost.item * (list?.items.length ?? 0));
    return list?.items.join(separator) ?? '';
  }),
  toUpper: takes(['string'], ([text]) => mapped(text, (char) => char.toUpperCase())),
  toLower: takes(['string'], ([text]) => mapped(text, (char) => char.toLowerCase())),
  contains: takes(['string', 'string'], ([text, part]) => text.includes(part)),
  replace: takes(['string', 'string', 'string', 'int'], ([text, old, by, count]) =>
    replace(text, old, by, count),
  ),
  trimSuffix: takes(['string', 'string'], ([text, end]) => {
    return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
  }),
  parseBool: takes(['string'], ([text]) => {
    const value = booleans.get(text);
    if (value !== undefined) return value;
    throw new Complaint(`${JSON.stringify(text)} is no bool`, 'expected true, false, t, f, 1 or 0');
  }),
  base64Encode: takes(['string'], ([text]) => Buffer.from(text).toString('base64')),
  base64Decode: takes(['string'], ([text]) => {
    const joined = text.replaceAll(/[\r\n]/g, '');
    if (base64.test(joined)) return Buffer.from(joined, 'base64').toString();
    throw new Complaint('the text is no base64', 'expected A-Z, a-z, 0-9, + and /, filled up with =');
  }),
};

/** Character by character, as Go does: ß stays ß, since it has no single capital. */
function mapped(text: string, map: (char: string) => string): string {
  return Array.from(text, (char) => {
    const other = map(char);
    return [...other].length === 1 ? other : char;
  }).join('');
}

/** Characters, not UTF-16 units, where there is no separator. */
function split(text: string, separator: string): string[] {
  return separator === '' ? [...text] : text.split(separator);
}

/** @param count how many at most; all for a negative one */
function replace(text: string, old: string, by: string, count: bigint): string {
  if (count < 0n) count = BigInt(text.length) + 1n;
  const parts = old === '' ? ['', ...text] : text.split(old);
  const places = old === '' ? parts.length : parts.length - 1;
  const most = count < BigInt(places) ? Number(count) : places;
  const changed = parts.slice(0, most).map((part) => part + by);
  return changed.join('') + parts.slice(most).join(old);
}
