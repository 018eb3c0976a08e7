import { Complaint } from './template-error.ts';

export interface ParsedNumber {
  readonly int?: bigint | undefined;
  readonly float: number;
  readonly isFloat: boolean;
}

const whole = /^([+-]?)(?:0[xX]([\da-fA-F_]+)|0[oO]([0-7_]+)|0[bB]([01_]+)|0([0-7_]+)|(0|[1-9][\d_]*))$/;
const decimalFloat = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?$/;
const hexFloat = /^([+-]?)0[xX]([\da-fA-F_]*)\.?([\da-fA-F_]*)[pP]([+-]?\d+)$/;
const limit = 2n ** 63n;

/**
 * A number as Go writes it: decimal, 0x, 0o, 0b, octal with a leading 0, `_` between digits, floats. What is whole counts
 * as int and as float.
 *
 * @throws Complaint for what is no number, or no int of 64 bits
 */
export function parseNumber(text: string): ParsedNumber {
  const int = parseWhole(text);
  if (int !== undefined) {
    if (int >= limit || int < -limit) throw overflow(text);
    return { int, float: Number(int), isFloat: false };
  }
  const float = parseFloatText(text);
  if (float === undefined || text.includes('__') || text.endsWith('_')) {
    throw new Complaint(`${text} is not a number`, 'expected one like 42, -1, 0x1f or 1.5');
  }
  if (!/[.eEpP]/.test(text))
    throw new Complaint(`${text} is not a number`, 'a leading 0 makes it octal; leave it out');
  const isWhole = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  return { int: isWhole ? BigInt(float) : undefined, float, isFloat: true };
}

function overflow(text: string): Complaint {
  return new Complaint(`${text} is too large for an int`, 'expected at most 9223372036854775807');
}

function parseWhole(text: string): bigint | undefined {
  const match = whole.exec(text);
  if (match === null || text.includes('__') || text.endsWith('_')) return undefined;
  const [, sign, hex, octal, binary, zeroOctal, decimal] = match;
  const digits = [
    hex && `0x${hex}`,
    (octal ?? zeroOctal) && `0o${octal ?? zeroOctal}`,
    binary && `0b${binary}`,
    decimal,
  ].find((each) => each !== undefined && each !== '');
  const value = BigInt((digits ?? '0').replaceAll('_', ''));
  return sign === '-' ? -value : value;
}

function parseFloatText(text: string): number | undefined {
  if (decimalFloat.test(text)) {
    const value = Number(text.replaceAll('_', ''));
    return Number.isFinite(value) ? value : undefined;
  }
  const match = hexFloat.exec(text);
  if (match === null) return undefined;
  const [, sign, before = '', after = '', exponent] = match;
  const digits = `${before}${after}`.replaceAll('_', '');
  const scale = Number(exponent) - 4 * after.replaceAll('_', '').length;
  const value = digits === '' ? Number.NaN : Number(`0x${digits}`) * 2 ** scale;
  if (!Number.isFinite(value)) return undefined;
  return sign === '-' ? -value : value;
}
