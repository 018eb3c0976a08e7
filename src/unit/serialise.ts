import type { UnitOption } from './parse.ts';

/**
 * Writes options as a unit file: sections in the order of their first option, options in theirs. Comments and
 * blank lines of the original are gone, so this is for options that came without a file (`/fleet/v1`) and for
 * fleet's hash; files of our own are kept byte for byte.
 */
export function serialiseOptions(options: readonly UnitOption[]): string {
  const sections = [...bySection(options)].map(([section, list]) => {
    const lines = list.map(({ name, value }) => `${name}=${value}\n`);
    return `[${section}]\n${lines.join('')}`;
  });
  return sections.join('\n');
}

/** A section that comes several times is one, at its first place. */
export function bySection(options: readonly UnitOption[]): Map<string, UnitOption[]> {
  const sections = new Map<string, UnitOption[]>();
  for (const option of options) {
    const list = sections.get(option.section) ?? [];
    list.push(option);
    sections.set(option.section, list);
  }
  return sections;
}
