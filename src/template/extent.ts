import { isDictionary, List, Struct, type Value } from './value.ts';

/** How much it takes to print a value. */
export interface Extent {
  /** Characters at least. */
  readonly size: number;
  /** Lists and maps in each other. */
  readonly depth: number;
}

/** Lists are sorted in place at most, and maps never change: neither gets larger. */
const known = new WeakMap<object, Extent>();

/** Characters that a function goes through in its arguments, beside the texts that each call pays for. */
export function partsOf(values: readonly Value[]): number {
  return values.reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? 0 : extentOf(value).size),
    0,
  );
}

/** A map that is in another one twice counts twice, as it is printed, and is looked at once. */
export function extentOf(value: Value): Extent {
  if (typeof value === 'string') return { size: value.length, depth: 0 };
  if (value instanceof Struct) return remembered(value, () => sum([...value.fields.values()]));
  if (value instanceof List) return remembered(value, () => sum(value.items));
  if (isDictionary(value)) return remembered(value, () => sum([...value.keys(), ...value.values()]));
  return { size: 1, depth: 0 };
}

function remembered(value: object, find: () => Extent): Extent {
  const extent = known.get(value) ?? find();
  known.set(value, extent);
  return extent;
}

function sum(parts: readonly Value[]): Extent {
  let [size, depth] = [1, 0];
  for (const part of parts) {
    const extent = extentOf(part);
    size += extent.size + 1;
    depth = Math.max(depth, extent.depth);
  }
  return { size, depth: depth + 1 };
}
