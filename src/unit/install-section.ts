import { effectiveValues } from './effective-values.ts';
import type { UnitOption } from './parse.ts';
import { expandOwnSpecifiers } from './specifier.ts';

/** systemd's section of what it takes to enable a unit (systemd.unit(5)). */
export const installSection = 'Install';

export function hasInstallSection(options: readonly UnitOption[]): boolean {
  return options.some(({ section }) => section === installSection);
}

/** Units that an option of the section names, such as `Alias`. */
export function installNames(unit: string, options: readonly UnitOption[], option: string): string[] {
  return effectiveValues(options, [installSection], option).flatMap((value) => namesIn(value, unit));
}

/** Units that one value names. A line that goes on in the next one keeps its backslash. */
export function namesIn(value: string, unit: string): string[] {
  const names = value.replaceAll('\\\n', ' ').split(/\s+/);
  return names.filter((name) => name !== '').map((name) => expandOwnSpecifiers(name, unit));
}
