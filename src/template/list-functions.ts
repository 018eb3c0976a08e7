import { type TemplateFunction, takes, takesMore } from './function.ts';
import { Complaint } from './template-error.ts';
import { List, Struct, type Value } from './value.ts';

/** Numbers that one seq may give. */
const maxSequence = 100_000n;

export const listFunctions: Readonly<Record<string, TemplateFunction>> = {
  /** In place, as confd does it; what is no list stays what it is. */
  reverse: takes(['any'], ([value]) => {
    if (value instanceof List) value.items.reverse();
    return value;
  }),
  sortByLength: takes(['strings'], ([list]) => sortInPlace(list ?? new List('string', []), byteLength)),
  sortKVByLength: takes(['pairs'], ([list]) => {
    return sortInPlace(list ?? new List('pair', []), (item) =>
      item instanceof Struct ? byteLength(item.fields.get('Key')) : 0,
    );
  }),
  seq: takes(['int', 'int'], ([first, last]) => {
    const count = last - first + 1n;
    if (count > maxSequence) {
      throw new Complaint(`a sequence of ${count} numbers`, `expected at most ${maxSequence}`);
    }
    return new List(
      'int',
      Array.from({ length: Number(count < 0n ? 0n : count) }, (_, at) => first + BigInt(at)),
    );
  }),
  map: takesMore([], 'any', (_, values) => {
    if (values.length % 2 !== 0) {
      throw new Complaint(
        'a key without a value',
        'expected keys and values in turn: map "name" "x" "port" 80',
      );
    }
    return new Map(values.flatMap((key, at) => (at % 2 === 0 ? [[keyOf(key), values[at + 1]]] : [])));
  }),
};

function keyOf(value: Value): string {
  if (typeof value === 'string') return value;
  throw new Complaint(
    'a key that is no string',
    'expected keys and values in turn: map "name" "x" "port" 80',
  );
}

function byteLength(value: Value): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

function sortInPlace(list: List, size: (item: Value) => number): Value {
  list.items.sort((a, b) => size(a) - size(b));
  return list;
}
