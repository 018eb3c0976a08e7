import { isDeepStrictEqual } from 'node:util';
import { type AnyHandler, type Properties, unknownValue } from './resource.ts';

export type DiffKind = 'add' | 'delete' | 'update';

export interface PropertyChange {
  readonly kind: DiffKind;
  readonly replace: boolean;
}

/** Property path (`units["hello@1.service"].contents`) → what happens to it. Empty: nothing to do. */
export type Diff = Readonly<Record<string, PropertyChange>>;

/** What the program asks for now against what it asked for last time, and what refresh found since. */
export function diffProperties(
  handler: Pick<AnyHandler, 'changes' | 'drift'>,
  old: { inputs: Properties; outputs: Properties },
  news: Properties,
  ignored: readonly string[],
): Diff {
  const skip = (key: string) => ignored.includes(key) || handler.changes[key] === 'ignore';
  const keys = new Set([...Object.keys(old.inputs), ...Object.keys(news)]);
  const changed = [...keys]
    .filter((key) => !skip(key) && !key.startsWith('__'))
    .flatMap((key) => {
      const [before, now] = [old.inputs[key], news[key]];
      const rule = handler.changes[key];
      const replace = typeof rule === 'function' ? rule(before, now, news) : rule === 'replace';
      return changes(key, before, now, replace);
    });
  const drifted = Object.keys(handler.drift(old.outputs)).map((key) => update(key));
  return Object.fromEntries([...changed, ...drifted]);
}

type Entry = readonly [string, PropertyChange];

function update(path: string): Entry {
  return [path, { kind: 'update', replace: false }];
}

function changes(path: string, old: unknown, value: unknown, replace: boolean): Entry[] {
  if (isDeepStrictEqual(old, value)) return [];
  if (old === undefined) return [[path, { kind: 'add', replace }]];
  if (value === undefined) return [[path, { kind: 'delete', replace }]];
  if (isMap(old) && isMap(value)) {
    const keys = new Set([...Object.keys(old), ...Object.keys(value)]);
    return [...keys].flatMap((key) => changes(`${path}${step(key)}`, old[key], value[key], replace));
  }
  return [[path, { kind: 'update', replace }]];
}

/** Pulumi's property path syntax: a plain name after a dot, anything else in brackets and quotes. */
function step(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function isMap(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function hasUnknowns(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasUnknowns);
  if (isMap(value)) return Object.values(value).some(hasUnknowns);
  return value === unknownValue;
}
