import type { Time } from './time.ts';

/**
 * What a template works with. An int is a bigint and a float a number, since Go prints and compares them differently;
 * text is UTF-8 to whoever counts or cuts it. `undefined` is no value at all, such as a field of a map that has none of
 * that name, and `null` a null inside of JSON: Go reads a field of the first as no value and refuses to of the second.
 */
export type Value = undefined | null | boolean | bigint | number | string | List | Dictionary | Struct | Time;

/** Keys sort when it is printed or ranged over. */
export type Dictionary = ReadonlyMap<string, Value>;

export type ElementType = 'string' | 'int' | 'pair' | 'srv' | 'any';

export class List {
  readonly of: ElementType;
  /** `sortByLength`, `sortKVByLength` and `reverse` change a list in place, as in confd. */
  readonly items: Value[];

  constructor(of: ElementType, items: Value[]) {
    this.of = of;
    this.items = items;
  }
}

/** A thing with fields: a key with its value (Key, Value), or a record of DNS (Target, Port, Priority, Weight). */
export class Struct {
  readonly type: 'pair' | 'srv';
  readonly fields: Dictionary;

  constructor(type: 'pair' | 'srv', fields: Dictionary) {
    this.type = type;
    this.fields = fields;
  }
}

export function pair(key: string, value: string): Struct {
  return new Struct(
    'pair',
    new Map([
      ['Key', key],
      ['Value', value],
    ]),
  );
}

const listNames: Readonly<Record<ElementType, string>> = {
  ...{ string: 'a list of strings', int: 'a list of ints', pair: 'a list of pairs' },
  ...{ srv: 'a list of SRV records', any: 'a list' },
};

/** For messages: `a string`. */
export function nameOf(value: Value): string {
  if (value === undefined || value === null) return 'no value';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'bigint') return 'an int';
  if (typeof value === 'number') return 'a float';
  if (typeof value === 'boolean') return 'a bool';
  if (value instanceof List) return listNames[value.of];
  if (value instanceof Struct) return value.type === 'pair' ? 'a pair (Key, Value)' : 'an SRV record';
  return isDictionary(value) ? 'a map' : 'a time';
}

export function isDictionary(value: Value): value is Dictionary {
  return value instanceof Map;
}

/** False for no value, false, zero and what is empty. */
export function isTrue(value: Value): boolean {
  if (value instanceof List) return value.items.length > 0;
  if (isDictionary(value)) return value.size > 0;
  // NaN is not zero.
  return typeof value === 'number' ? value !== 0 : Boolean(value);
}

/** The Go type by its name, as `printf "%T"` shows it. */
export function goTypeOf(value: Value): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (value instanceof List) return goListTypes[value.of];
  if (value instanceof Struct) return value.type === 'pair' ? 'memkv.KVPair' : '*net.SRV';
  return isDictionary(value) ? 'map[string]interface {}' : 'time.Time';
}

const goListTypes: Readonly<Record<ElementType, string>> = {
  ...{ string: '[]string', int: '[]int', pair: 'memkv.KVPairs', srv: '[]*net.SRV', any: '[]interface {}' },
};
