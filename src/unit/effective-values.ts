import type { UnitOption } from './parse.ts';

/** Values of an option that count: an empty assignment takes back all earlier ones (systemd.syntax(7)). */
export function effectiveValues(
  options: readonly UnitOption[],
  sections: readonly string[],
  name: string,
): string[] {
  const values = options.filter((option) => sections.includes(option.section) && option.name === name);
  const reset = values.findLastIndex(({ value }) => value === '');
  return values.slice(reset + 1).map(({ value }) => value);
}

/** Where systemd takes one value it is the last that counts. */
export function lastValue(options: readonly UnitOption[], section: string, name: string): string | undefined {
  return effectiveValues(options, [section], name).at(-1);
}
