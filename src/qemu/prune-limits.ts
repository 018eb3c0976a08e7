/** What may stay in the cache of templates. */
export interface Limits {
  /** Milliseconds a template may go unused. */
  readonly olderThan: number;
  /** Bytes that all templates together may take. */
  readonly keepSize: number;
  /** Nothing may stay. */
  readonly all?: boolean;
}

const milliseconds = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const bytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

export const defaultLimits: Limits = { olderThan: 30 * milliseconds.d, keepSize: 4 * bytes.GiB };

/** `30d` in milliseconds; undefined when it is no duration. */
export function parseAge(text: string): number | undefined {
  return parse(text, milliseconds);
}

/** `4GiB` in bytes; undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  return parse(text, bytes);
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = Object.entries(units).find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[1];
  return factor === undefined ? undefined : Number(count) * factor;
}

/** `41 days`: the largest unit of which there is one, rounded down. */
export function ageText(age: number): string {
  const { s: second, m: minute, h: hour, d: day } = milliseconds;
  const [name, unit] = Object.entries({ day, hour, minute, second }).find(([, each]) => age >= each) ?? [
    'second',
    second,
  ];
  const count = Math.max(0, Math.floor(age / unit));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** `4 GiB`, `1.3 GiB`, `496 MiB`: a decimal only where it says something. */
export function sizeText(size: number): string {
  const [name, unit] = Object.entries(bytes).findLast(([, each]) => size >= each) ?? ['B', 1];
  const count = size / unit;
  return `${count < 10 ? Math.round(count * 10) / 10 : Math.round(count)} ${name}`;
}
