import { cost, maxLength } from './effort.ts';
import { extentOf } from './extent.ts';
import { type TemplateFunction, takes, takesMore } from './function.ts';
import { Complaint } from './template-error.ts';
import { type Dictionary, List, Struct, type Value } from './value.ts';

/** Numbers that one seq may give. */
const maxSequence = 100_000n;

/** How deep maps may stand in each other: printing goes down as deep. */
const maxDepth = 500;

export const listFunctions: Readonly<Record<string, TemplateFunction>> = {
  /** In place, as confd does it; what is no list stays what it is. */
  reverse: takes(['any'], ([value], { effort }) => {
    effort.spend(cost.item * (value instanceof List ? value.items.length : 0));
    if (value instanceof List) value.items.reverse();
    return value;
  }),
  sortByLength: takes(['strings'], ([list], { effort }) => {
    effort.spend(sortingCost(list));
    return sortInPlace(list ?? new List('string', []), byteLength);
  }),
  sortKVByLength: takes(['pairs'], ([list], { effort }) => {
    effort.spend(sortingCost(list));
    return sortInPlace(list ?? new List('pair', []), (item) =>
      item instanceof Struct ? byteLength(item.fields.get('Key')) : 0,
    );
  }),
  seq: takes(['int', 'int'], ([first, last], { effort }) => {
    const count = last - first + 1n;
    if (count > maxSequence) {
      throw new Complaint(`a sequence of ${count} numbers`, `expected at most ${maxSequence}`);
    }
    effort.spend(cost.item * Math.max(Number(count), 0));
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
    const made = new Map(values.flatMap((key, at) => (at % 2 === 0 ? [[keyOf(key), values[at + 1]]] : [])));
    refuseEndless(made);
    return made;
  }),
};

function keyOf(value: Value): string {
  if (typeof value === 'string') return value;
  throw new Complaint(
    'a key that is no string',
    'expected keys and values in turn: map "name" "x" "port" 80',
  );
}

/** Maps in maps, each of them twice, would be printed until the end of days. */
function refuseEndless(made: Dictionary): void {
  const { size, depth } = extentOf(made);
  if (depth > maxDepth) {
    throw new Complaint(
      `maps of more than ${maxDepth} levels`,
      'look for a loop that puts a map into itself',
    );
  }
  if (size > maxLength) {
    throw new Complaint('a map of more than 16 MiB', 'look for a loop that puts a map into itself');
  }
}

/** As many comparisons as a sort of that many items takes at most, each of which measures two texts. */
function sortingCost(list: List | undefined | null): number {
  if (!list) return 0;
  const rounds = Math.ceil(Math.log2(list.items.length + 1));
  return rounds * (cost.item * list.items.length + cost.character * extentOf(list).size);
}

function byteLength(value: Value): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

function sortInPlace(list: List, size: (item: Value) => number): Value {
  list.items.sort((a, b) => size(a) - size(b));
  return list;
}
