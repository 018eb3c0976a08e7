import { cost } from './effort.ts';
import { type TemplateFunction, takes, takesMore } from './function.ts';
import { Complaint } from './template-error.ts';
import { isDictionary, List, nameOf, type Value } from './value.ts';

export const indexFunctions: Readonly<Record<string, TemplateFunction>> = {
  len: takes(['any'], ([value]) => {
    const size = sizeOf(value);
    if (size !== undefined) return BigInt(size);
    throw new Complaint(`${nameOf(value)} has no length`, 'expected a string, a list or a map');
  }),
  index: takesMore(['any'], 'any', ([value], keys) => keys.reduce<Value>(item, found(value))),
  slice: takesMore(['any'], 'any', ([value], bounds, { effort }) => {
    const part = slice(found(value), bounds);
    effort.spend(cost.item * (part instanceof List ? part.items.length : 0));
    return part;
  }),
  /** Go's templates may hold functions as values. These never do. */
  call: takesMore(['any'], 'any', ([value]) => {
    throw new Complaint(
      `call of ${nameOf(value)}`,
      'expected a function, of which no value is one; write its name instead',
    );
  }),
};

/** Of a string: bytes of UTF-8. */
function sizeOf(value: Value): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof List) return value.items.length;
  return isDictionary(value) ? value.size : undefined;
}

function found(value: Value): Value {
  if (value !== undefined && value !== null) return value;
  throw new Complaint('an index into no value', 'expected a list or a map; ask with if before');
}

function item(value: Value, key: Value): Value {
  const of = found(value);
  if (isDictionary(of)) {
    if (typeof key === 'string') return of.get(key);
    throw new Complaint(`${nameOf(key)} as a key of a map`, 'expected a string');
  }
  const size = sizeOf(of);
  if (size === undefined) throw new Complaint(`${nameOf(of)} has no items`, 'expected a list or a map');
  const at = position(key, size - 1);
  return of instanceof List ? of.items[at] : BigInt(Buffer.from(String(of))[at] ?? 0);
}

function position(key: Value, last: number): number {
  if (typeof key !== 'bigint')
    throw new Complaint(`${nameOf(key)} as an index`, 'expected an int; atoi makes one of a string');
  if (key >= 0n && key <= BigInt(last)) return Number(key);
  throw new Complaint(
    `index ${key} is out of range`,
    last < 0 ? 'the list is empty; ask with if before' : `expected 0 to ${last}`,
  );
}

/** A third bound limits in Go what can be appended, which no template does. */
function slice(value: Value, bounds: readonly Value[]): Value {
  const size = sizeOf(value);
  if (size === undefined || isDictionary(value)) {
    throw new Complaint(`${nameOf(value)} can't be sliced`, 'expected a string or a list');
  }
  if (bounds.length > (value instanceof List ? 3 : 2)) {
    throw new Complaint(`${bounds.length} bounds`, 'expected a first item and one after the last');
  }
  const [start = 0, end = size, cap = size] = bounds.map((bound) => position(bound, size));
  if (start > end || end > cap)
    throw new Complaint(
      `bounds ${start} and ${end} are in the wrong order`,
      'expected the smaller one first',
    );
  if (value instanceof List) return new List(value.of, value.items.slice(start, end));
  return Buffer.from(String(value)).subarray(start, end).toString();
}
