import { compare } from '../model/compare.ts';
import { type TemplateFunction, takes, takesMore } from './function.ts';
import { Complaint } from './template-error.ts';
import { isDictionary, isTrue, List, nameOf, Struct, type Value } from './value.ts';

export const compareFunctions: Readonly<Record<string, TemplateFunction>> = {
  and: takesMore(['any'], 'any', ([first]) => first),
  or: takesMore(['any'], 'any', ([first]) => first),
  not: takes(['any'], ([value]) => !isTrue(value)),
  eq: takesMore(['any'], 'any', ([value], others) => {
    if (others.length === 0) throw new Complaint('nothing to compare with', 'expected two arguments or more');
    return others.some((other) => equal(value, other));
  }),
  ne: takes(['any', 'any'], ([a, b]) => !equal(a, b)),
  lt: takes(['any', 'any'], ([a, b]) => order(a, b) < 0),
  le: takes(['any', 'any'], ([a, b]) => order(a, b) <= 0),
  gt: takes(['any', 'any'], ([a, b]) => order(a, b) > 0),
  ge: takes(['any', 'any'], ([a, b]) => order(a, b) >= 0),
};

function isNothing(value: Value): value is undefined | null {
  return value === undefined || value === null;
}

/** Both of one kind, or one of them no value. */
function equal(a: Value, b: Value): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b);
  refuse(a, b);
  if (a instanceof List || isDictionary(a)) {
    throw new Complaint(`${nameOf(a)} can't be compared`, 'compare its items, or its len');
  }
  if (a instanceof Struct && b instanceof Struct) {
    return [...a.fields].every(([name, field]) => field === b.fields.get(name));
  }
  return typeof a === 'object' ? String(a) === String(b) : a === b;
}

function refuse(a: Value, b: Value): void {
  if (nameOf(a) === nameOf(b)) return;
  const both = [nameOf(a), nameOf(b)];
  const fix =
    both.includes('a string') && both.includes('an int')
      ? 'atoi makes an int of a string'
      : 'expected two of a kind';
  throw new Complaint(`${both[0]} compared with ${both[1]}`, fix);
}

function order(a: Value, b: Value): number {
  for (const value of [a, b]) {
    if (typeof value !== 'string' && typeof value !== 'bigint' && typeof value !== 'number') {
      throw new Complaint(`${nameOf(value)} is neither less nor greater`, 'expected strings, ints or floats');
    }
  }
  refuse(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compare(a, b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : Number(a > b);
  return Number(a) - Number(b);
}
