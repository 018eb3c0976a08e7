import { formatFloat } from './float.ts';
import { format, formatParts, sortedEntries } from './format.ts';
import { quote } from './quote.ts';
import { goTypeOf, isDictionary, List, Struct, type Value } from './value.ts';

/** What stands between % and its verb. */
export interface Flags {
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number;
  readonly precision: number | undefined;
}

export const noFlags: Flags = {
  ...{ minus: false, plus: false, sharp: false, space: false, zero: false },
  ...{ width: 0, precision: undefined },
};

/** One value by one verb of Go's fmt. A list or a map takes the verb for each of its parts. */
export function printVerb(value: Value, verb: string, given: Flags): string {
  // `%+v` names fields; it is no sign, as it is for other verbs.
  const named = verb === 'v' && given.plus;
  if (named && value instanceof Struct) return withNames(value, given);
  const flags = named && !(value instanceof List || isDictionary(value)) ? { ...given, plus: false } : given;
  if (verb === 'T') return printString(goTypeOf(value), 's', flags);
  if (value === undefined || value === null) return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
  if (verb === 'v' && flags.sharp) return goSyntax(value);
  if (typeof value === 'string') return printString(value, verb, flags);
  if (typeof value === 'bigint') return printInt(value, verb, flags);
  if (typeof value === 'number') return printFloat(value, verb, flags);
  if (typeof value === 'boolean')
    return verb === 't' || verb === 'v' ? pad(String(value), flags) : bad(value, verb, flags);
  if (value instanceof List || value instanceof Struct || isDictionary(value)) {
    return formatParts(value, (part) => printVerb(part, verb, flags));
  }
  return printString(String(value), verb, flags);
}

const plainVerbs: Readonly<Record<string, string>> = { bigint: 'd', number: 'g', boolean: 't' };

/** Width, precision and sign count all the same. */
function bad(value: Value, verb: string, flags: Flags): string {
  return `%!${verb}(${goTypeOf(value)}=${printVerb(value, plainVerbs[typeof value] ?? 's', { ...flags, sharp: false })})`;
}

function withNames({ fields }: Struct, flags: Flags): string {
  return `{${[...fields].map(([name, field]) => `${name}:${printVerb(field, 'v', flags)}`).join(' ')}}`;
}

/** As in Go, zeros fill up texts as well. */
function pad(text: string, { width, minus, zero }: Flags, filler = zero ? '0' : ' '): string {
  const missing = Math.max(width - [...text].length, 0);
  return minus ? text + ' '.repeat(missing) : filler.repeat(missing) + text;
}

/** Zeros go between the sign and the digits. */
function padFloat(text: string, flags: Flags, zeros: boolean): string {
  if (!zeros) return pad(text, flags, ' ');
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + pad(text.slice(sign.length), { ...flags, width: flags.width - sign.length }, '0');
}

function printString(text: string, verb: string, flags: Flags): string {
  const { precision } = flags;
  const cut = precision === undefined ? text : [...text].slice(0, precision).join('');
  if (verb === 's' || verb === 'v') return pad(cut, flags);
  if (verb === 'q') return pad(quoted(cut, flags), flags);
  if (verb === 'x' || verb === 'X') return pad(hexOf(text, verb, flags), flags);
  return bad(text, verb, flags);
}

function quoted(text: string, { sharp, plus }: Flags): string {
  const raw = sharp && !/[`\ufeff]|[^\P{Cc}\t]/u.test(text);
  return raw ? `\`${text}\`` : quote(text, '"', plus);
}

function hexOf(text: string, verb: string, { space, sharp, precision }: Flags): string {
  const bytes = [...Buffer.from(text).subarray(0, precision)].map((byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  const prefix = sharp ? '0x' : '';
  const joined = space
    ? bytes.map((byte) => prefix + byte).join(' ')
    : (bytes.length > 0 ? prefix : '') + bytes.join('');
  return verb === 'X' ? joined.toUpperCase() : joined;
}

const bases: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  ...{ d: [10, ''], v: [10, ''], b: [2, '0b'], o: [8, ''], O: [8, '0o'], x: [16, '0x'], X: [16, '0X'] },
};

function printInt(value: bigint, verb: string, flags: Flags): string {
  const base = bases[verb];
  if (base) return pad(digitsOf(value, verb, base, flags), flags, ' ');
  const char = value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (verb === 'c') return pad(char, flags);
  if (verb === 'q') return pad(quote(char, "'", flags.plus), flags);
  if (verb !== 'U') return bad(value, verb, flags);
  const code = `U+${value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 4, 4), '0')}`;
  return pad(flags.sharp ? `${code} '${char}'` : code, flags);
}

/** Zeros fill up to the width, and the prefix comes before them and is not counted. */
function digitsOf(
  value: bigint,
  verb: string,
  [base, prefix]: readonly [number, string],
  flags: Flags,
): string {
  const { plus, space, sharp, zero, width } = flags;
  if (flags.precision === 0 && value === 0n) return '';
  const sign = value < 0n ? '-' : plus ? '+' : space ? ' ' : '';
  const least = flags.precision ?? (zero ? width - sign.length : 1);
  const magnitude = value < 0n ? -value : value;
  const padded = magnitude.toString(base).padStart(least, '0');
  const digits = base === 8 && sharp && !padded.startsWith('0') ? `0${padded}` : padded;
  const shown = verb === 'O' || (sharp && base !== 8) ? prefix : '';
  return sign + shown + (verb === 'X' ? digits.toUpperCase() : digits);
}

function printFloat(value: number, verb: string, flags: Flags): string {
  const kind = verb.toLowerCase();
  const { precision, plus, space } = flags;
  if (kind !== 'e' && kind !== 'f' && kind !== 'g' && verb !== 'v') return bad(value, verb, flags);
  const plain =
    kind === 'e' || kind === 'f'
      ? formatFloat(value, kind, precision ?? 6)
      : formatFloat(value, 'g', precision);
  const unsigned = plain.startsWith('+') ? plain.slice(1) : plain;
  const signed = unsigned.startsWith('-') ? unsigned : (plus ? '+' : space ? ' ' : '') + unsigned;
  const shown = plain === '+Inf' && !space ? '+Inf' : signed;
  return padFloat(
    verb === 'E' || verb === 'G' ? shown.toUpperCase() : shown,
    flags,
    flags.zero && Number.isFinite(value),
  );
}

/** `%#v`. */
function goSyntax(value: Value): string {
  if (value === undefined || value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return quote(value);
  const inner = (parts: readonly string[]) => `${goTypeOf(value)}{${parts.join(', ')}}`;
  if (value instanceof List) return inner(value.items.map(goSyntax));
  if (value instanceof Struct)
    return inner([...value.fields].map(([name, field]) => `${name}:${goSyntax(field)}`));
  if (isDictionary(value))
    return inner(sortedEntries(value).map(([key, each]) => `${quote(key)}:${goSyntax(each)}`));
  return format(value);
}
