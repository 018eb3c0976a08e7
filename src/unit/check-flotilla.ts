import { closest } from '../model/closest.ts';
import { checkServices } from './check-services.ts';
import { type Circumstances, type Combination, combinations } from './flotilla-combinations.ts';
import {
  flotillaReaders,
  flotillaSection,
  isFlotillaOption,
  isRepeatable,
  splitOwnValues,
} from './flotilla-options.ts';
import { locationOf, type ParsedOption, type UnitOption } from './parse.ts';
import type { Flaw } from './problem.ts';
import type { Misreading } from './reading.ts';
import { fleetSection, fleetSpellings, type Requirements } from './requirements.ts';
import { unknownOwnSpecifiers } from './specifier.ts';

type Option = UnitOption | ParsedOption;

/** All that is wrong with a unit's `[X-Flotilla]`. */
export function checkFlotilla(unit: string, options: readonly Option[], requirements: Requirements): Flaw[] {
  const own = options.filter(({ section }) => section === flotillaSection);
  if (own.length === 0) return [];
  return [
    ...own.flatMap((option) => checkOption(unit, option).map((flaw) => ({ ...locationOf(option), ...flaw }))),
    ...checkRepeated(own),
    ...checkServices(unit, own),
    ...combinations.flatMap((rule) => checkCombination(rule, own, { unit, options, requirements })),
  ];
}

function checkOption(unit: string, { name, value }: Option): Flaw[] {
  if (!isFlotillaOption(name)) return [unknownOption(name)];
  return splitOwnValues(name, value).flatMap((text) => {
    const reading = flotillaReaders[name](text, unit);
    return [...checkSpecifiers(name, text), ...('value' in reading ? [] : [sayMisread(name, text, reading)])];
  });
}

function sayMisread(name: string, text: string, { rule, expected, fix }: Misreading): Flaw {
  if (text === '') return { rule, message: `${name}= is empty`, fix: `${fix}, or remove the line` };
  return { rule, message: `${name}=${text} is not ${expected}`, fix };
}

function unknownOption(name: string): Flaw {
  if (Object.hasOwn(fleetSpellings, name)) {
    const message = `option "${name}" in [${flotillaSection}]`;
    return { rule: 'wrong-section', message, fix: `move it to [${fleetSection}], where fleet had it` };
  }
  const known = Object.keys(flotillaReaders);
  const meant = closest(name, known);
  return {
    rule: 'unknown-option',
    message: `unknown option "${name}" in [${flotillaSection}]`,
    fix: meant === undefined ? `the options are ${known.join(', ')}` : `did you mean "${meant}"?`,
  };
}

function checkSpecifiers(name: string, text: string): Flaw[] {
  const unknown = unknownOwnSpecifiers(text);
  if (unknown.length === 0) return [];
  const message = `${name}=${text} contains ${unknown.join(' ')}`;
  const fix = 'only %n, %N, %p and %i are known before a machine is chosen; write %% for a percent sign';
  return [{ rule: 'specifier', message, fix }];
}

function checkRepeated(options: readonly Option[]): Flaw[] {
  const seen = new Set<string>();
  return options.flatMap((option): Flaw[] => {
    const { name } = option;
    if (!isFlotillaOption(name) || isRepeatable(name)) return [];
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [
      {
        ...locationOf(option),
        rule: 'repeated',
        message: `${name}= is given more than once`,
        fix: 'keep one line',
      },
    ];
  });
}

function checkCombination(
  { of, when, message, fix }: Combination,
  own: readonly Option[],
  circumstances: Circumstances,
): Flaw[] {
  const meant = own.filter(({ name }) => of.some((option) => option === name));
  if (meant.length === 0 || !when(circumstances)) return [];
  return meant.map((option) => ({
    ...locationOf(option),
    rule: 'combination',
    message: `${option.name}= ${message}`,
    fix,
  }));
}
