import { compare } from '../model/compare.ts';
import { formatFloat } from './float.ts';
import { isDictionary, List, Struct, type Value } from './value.ts';

/** A value as Go's `%v` prints it: `[a b]`, `map[k:v]`, `{/key value}`, `1e+06`. */
export function format(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'number') return formatFloat(value, 'g', undefined);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return formatParts(value, format);
}

/** What is put together of parts, each printed by `part`. */
export function formatParts(value: Value, part: (value: Value) => string): string {
  if (value instanceof List) return `[${value.items.map(part).join(' ')}]`;
  if (value instanceof Struct) return `{${[...value.fields.values()].map(part).join(' ')}}`;
  if (!isDictionary(value)) return String(value);
  return `map[${sortedEntries(value)
    .map(([key, each]) => `${part(key)}:${part(each)}`)
    .join(' ')}]`;
}

export function sortedEntries(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => compare(a, b));
}

/** What an action prints. */
export function show(value: Value): string {
  return value === undefined || value === null ? '<no value>' : format(value);
}

/** Go's fmt.Sprint: a space between two values of which neither is a string. */
export function sprint(values: readonly Value[]): string {
  return values
    .map((value, at) => {
      const before = values[at - 1];
      const spaced = at > 0 && typeof value !== 'string' && typeof before !== 'string';
      return (spaced ? ' ' : '') + format(value);
    })
    .join('');
}

export function sprintln(values: readonly Value[]): string {
  return `${values.map(format).join(' ')}\n`;
}
