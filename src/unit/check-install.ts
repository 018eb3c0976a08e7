import { installSection, namesIn } from './install-section.ts';
import { checkName, parseUnitName } from './name.ts';
import type { ParsedOption } from './parse.ts';
import type { Flaw } from './problem.ts';
import { unknownOwnSpecifiers } from './specifier.ts';

/** An alias is a name on the machine, so it may not be one that a unit could not have. */
export function checkInstall(unit: string, options: readonly ParsedOption[]): Flaw[] {
  const aliases = options.filter(({ section, name }) => section === installSection && name === 'Alias');
  return aliases.flatMap(({ value, line }) => {
    // What only the machine can tell is left to its systemd.
    const names = unknownOwnSpecifiers(value).length > 0 ? [] : namesIn(value, unit);
    return names.flatMap((alias) => checkAlias(unit, alias).map((flaw) => ({ ...flaw, line })));
  });
}

function checkAlias(unit: string, alias: string): Flaw[] {
  const flaws = checkName(alias).map((flaw) => ({ ...flaw, message: `Alias=: ${flaw.message}` }));
  const suffix = parseUnitName(unit)?.suffix ?? '';
  if (flaws.length > 0 || alias.endsWith(suffix)) return flaws;
  const message = `Alias=${alias} is a name of another type than ${unit}`;
  return [{ rule: 'name-type', message, fix: `end it in ${suffix}` }];
}
