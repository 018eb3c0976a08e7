import { Complaint } from './template-error.ts';
import { Time } from './time.ts';
import { isDictionary, nameOf, Struct, type Value } from './value.ts';

/**
 * A field of a value. A map that has none of that name gives no value, and so does no value.
 *
 * @param values arguments, which only the methods of a time take
 */
export function fieldOf(value: Value, name: string, values: readonly Value[]): Value {
  if (value instanceof Time) return method(value, name, values);
  if (value === undefined) return undefined;
  if (values.length > 0) throw new Complaint(`.${name} is no function`, 'expected no arguments after it');
  if (isDictionary(value)) return value.get(name);
  if (value instanceof Struct && value.fields.has(name)) return value.fields.get(name);
  if (value === null) throw new Complaint(`.${name} of a null in JSON`, 'ask with if or with before');
  const fix =
    value instanceof Struct
      ? `it has ${[...value.fields.keys()].map((each) => `.${each}`).join(' and ')}`
      : fixes(value);
  throw new Complaint(`${nameOf(value)} has no .${name}`, fix);
}

function fixes(value: Value): string {
  return typeof value === 'string'
    ? 'json makes a map of JSON'
    : 'expected a map, or a pair as gets gives it';
}

function method(time: Time, name: string, values: readonly Value[]): Value {
  const [layout] = values;
  if (name === 'Format' && values.length === 1 && typeof layout === 'string') return time.format(layout);
  if (name === 'Format')
    throw new Complaint('.Format of a time', 'expected one layout, such as "2006-01-02 15:04"');
  if (values.length > 0) throw new Complaint(`.${name} of a time`, 'expected no arguments');
  if (name === 'UTC') return time;
  const found = new Map<string, Value>(Object.entries(time.parts));
  if (found.has(name)) return found.get(name);
  throw new Complaint(
    `a time has no .${name}`,
    `it has .Format, .UTC and ${[...found.keys()].map((each) => `.${each}`).join(', ')}`,
  );
}
