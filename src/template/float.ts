/** Sign, digits without a point and the power of ten of the first digit. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

/**
 * A float as Go's strconv.FormatFloat writes it.
 *
 * @param precision digits after the point, of g all digits; undefined for as many as it takes to read the same back
 */
export function formatFloat(value: number, verb: 'e' | 'f' | 'g', precision: number | undefined): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatPositive(Math.abs(value), verb, precision);
}

function formatPositive(value: number, verb: 'e' | 'f' | 'g', precision: number | undefined): string {
  if (verb === 'e') return exponential(decimalOf(value, precision));
  if (verb === 'f') return fixed(value, precision);
  const decimal = decimalOf(value, precision === undefined ? undefined : Math.max(precision, 1) - 1);
  const digits = decimal.digits.replace(/0+$/, '') || '0';
  // Go goes over to exponents at 6 digits where it writes the shortest form.
  const limit =
    precision === undefined ? 6 : limitOf(Math.max(precision, 1), digits.length, decimal.exponent + 1);
  if (value !== 0 && (decimal.exponent < -4 || decimal.exponent >= limit))
    return exponential({ ...decimal, digits });
  return fixed(value, Math.max(digits.length - decimal.exponent - 1, 0));
}

function limitOf(precision: number, digits: number, point: number): number {
  return precision > digits && digits >= point ? digits : precision;
}

function decimalOf(value: number, precision: number | undefined): Decimal {
  const [mantissa = '', exponent = ''] = value.toExponential(clamp(precision)).split('e');
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) };
}

/** JavaScript goes up to 100 digits, which is more than a float has to say. */
function clamp(precision: number | undefined): number | undefined {
  return precision === undefined ? undefined : Math.min(precision, 100);
}

function exponential({ digits, exponent }: Decimal): string {
  const [first = '0', rest] = [digits.slice(0, 1), digits.slice(1)];
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${first}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${power}`;
}

function fixed(value: number, precision: number | undefined): string {
  const { digits, exponent } = decimalOf(value, undefined);
  const places = precision ?? Math.max(digits.length - exponent - 1, 0);
  // toFixed goes over to exponents there; such a float is whole.
  if (value >= 1e21) return BigInt(value).toString() + (places > 0 ? `.${'0'.repeat(places)}` : '');
  return roundedToEven(value, Math.min(places, 100)) ?? value.toFixed(Math.min(places, 100));
}

/** JavaScript rounds a half up, Go to the even digit: undefined where the value is no half. */
function roundedToEven(value: number, places: number): string | undefined {
  const exact = value.toFixed(Math.min(places + 30, 100));
  const cut = exact.length - 30;
  if (places + 30 > 100 || !/^50*$/.test(exact.slice(cut))) return undefined;
  const down = exact.slice(0, cut).replace(/\.$/, '');
  return /[02468]$/.test(down) ? down : undefined;
}
