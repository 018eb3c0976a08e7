import { parseUnitName, type UnitName } from './name.ts';

const parts: Readonly<Record<string, (name: UnitName) => string>> = {
  '%n': (name) => name.full,
  '%N': (name) => name.stem,
  '%p': (name) => name.prefix,
  '%i': (name) => name.instance,
};

/**
 * Replaces the four specifiers (systemd.unit(5), "Specifiers") that mean something before a machine is chosen:
 * %n full name, %N name without type, %p prefix, %i instance. All other text stays, as it does for fleet.
 */
export function expandSpecifiers(text: string, unit: string): string {
  const name = parseUnitName(unit);
  return name === undefined
    ? text
    : text.replace(/%[nNpi]/g, (specifier) => parts[specifier]?.(name) ?? specifier);
}

/** Specifiers in the text that stay as they are: in a constraint they would never match anything. */
export function unknownSpecifiers(text: string): string[] {
  return [...new Set(text.match(/%(?![nNpi])./g) ?? [])];
}

/** In `[X-Flotilla]` `%%` stands for a percent sign, as in all of systemd's own sections; fleet did not know that. */
export function expandOwnSpecifiers(text: string, unit: string): string {
  return text
    .split('%%')
    .map((part) => expandSpecifiers(part, unit))
    .join('%');
}

export function unknownOwnSpecifiers(text: string): string[] {
  return [...new Set(text.split('%%').flatMap((part) => part.match(/%(?![nNpi]).?/g) ?? []))];
}
