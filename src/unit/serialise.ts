import type { UnitOption } from './parse.ts';

/**
 * Writes options as a unit file: sections in the order of their first option, options in theirs. Comments and
 * blank lines of the original are gone, so this is for options that came without a file (`/fleet/v1`) and for
 * fleet's hash; files of our own are kept byte for byte.
 */
export function serialiseOptions(options: readonly UnitOption[]): string {
  const sections = new Map<string, string[]>();
  for (const { section, name, value } of options) {
    const lines = sections.get(section) ?? [];
    lines.push(`${name}=${value}\n`);
    sections.set(section, lines);
  }
  return [...sections].map(([section, lines]) => `[${section}]\n${lines.join('')}`).join('\n');
}
