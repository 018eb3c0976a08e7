import { closest } from '../model/closest.ts';
import { checkFlotilla } from './check-flotilla.ts';
import { flotillaSection, isFlotillaOption } from './flotilla-options.ts';
import { compileGlob, matchesGlob } from './glob.ts';
import { checkName } from './name.ts';
import { locationOf, type ParsedOption, type UnitOption } from './parse.ts';
import type { Flaw } from './problem.ts';
import {
  type FleetOption,
  fleetSection,
  fleetSpellings,
  type Requirements,
  readBoolean,
  readRequirements,
  splitGlobs,
  splitPair,
} from './requirements.ts';
import { expandSpecifiers, unknownSpecifiers } from './specifier.ts';
import { splitValues } from './values.ts';

type Location = Pick<Flaw, 'line'>;

/**
 * All that is wrong with what a unit asks of its machine. Stricter than fleet on purpose: fleet dropped a
 * malformed constraint without a word, and the unit then ran where it must not.
 */
export function checkOptions(unit: string, options: readonly (UnitOption | ParsedOption)[]): Flaw[] {
  const requirements = readRequirements(unit, options);
  const firstFleet = options.find(({ section }) => section === fleetSection);
  const flaws = [
    ...options.flatMap((option) => checkOption(unit, option)),
    ...(firstFleet === undefined ? [] : checkCombinations(unit, requirements, locationOf(firstFleet))),
    ...checkFlotilla(unit, options, requirements),
  ];
  return flaws.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

function checkOption(unit: string, option: UnitOption | ParsedOption): Flaw[] {
  const at = locationOf(option);
  const { section, name } = option;
  if (section === flotillaSection) return [];
  if (section !== fleetSection) return checkSection(section, at);
  const meaning = Object.hasOwn(fleetSpellings, name) ? fleetSpellings[name] : undefined;
  if (meaning === undefined) return [{ ...at, ...unknownOption(name) }];
  return splitValues(option.value)
    .map((value) => expandSpecifiers(value, unit))
    .flatMap((value) => [...checkSpecifiers(name, value), ...valueChecks[meaning](name, value, unit)])
    .map((flaw) => ({ ...at, ...flaw }));
}

/** A misspelt `[X-fleet]` is a section like any other to systemd, and every constraint in it would be lost. */
function checkSection(section: string, at: Location): Flaw[] {
  const meant = closest(section, [fleetSection, flotillaSection]);
  if (meant === undefined) return [];
  return [
    {
      ...at,
      rule: 'unknown-section',
      message: `unknown section [${section}]`,
      fix: `did you mean [${meant}]?`,
    },
  ];
}

function unknownOption(name: string): Flaw {
  if (isFlotillaOption(name)) {
    const message = `option "${name}" in [${fleetSection}]`;
    return { rule: 'wrong-section', message, fix: `move it to [${flotillaSection}]` };
  }
  const known = [...new Set(Object.values(fleetSpellings))];
  const meant = closest(name.replace(/^X-(Condition)?/, ''), known);
  return {
    rule: 'unknown-option',
    message: `unknown option "${name}" in [${fleetSection}]`,
    fix: meant === undefined ? `the options are ${known.join(', ')}` : `did you mean "${meant}"?`,
  };
}

function checkSpecifiers(name: string, value: string): Flaw[] {
  const unknown = unknownSpecifiers(value);
  if (unknown.length === 0) return [];
  const message = `${name}=${value} contains ${unknown.join(' ')}`;
  return [{ rule: 'specifier', message, fix: 'only %n, %N, %p and %i are known before a machine is chosen' }];
}

type ValueCheck = (name: string, value: string, unit: string) => Flaw[];

const valueChecks: Readonly<Record<FleetOption, ValueCheck>> = {
  MachineID: (name, value) => {
    if (/^([0-9a-f]{32}|[0-9a-f]{8})$/.test(value)) return [];
    const fix = 'give the 32 lower-case hex digits of /etc/machine-id, or the first 8 of them';
    return [{ rule: 'machine-id', message: `${name}=${value} is not a machine id`, fix }];
  },
  MachineOf: (name, value, unit) => {
    if (value === unit) {
      return [{ rule: 'machine-of', message: `${name}=${value} names the unit itself`, fix: 'remove it' }];
    }
    if (checkName(value).length === 0) return [];
    const fix = `give one full unit name, or several in quotes: ${name}="a.service" "b.service"`;
    return [{ rule: 'machine-of', message: `${name}=${value} is not a unit name`, fix }];
  },
  MachineMetadata: (name, value) => {
    const pair = splitPair(value);
    if (pair !== undefined && pair.key.trim() === pair.key && pair.value.trim() === pair.value) return [];
    const fix = `write key=value without blanks around "=", several in quotes: ${name}="disk=ssd" "region=eu"`;
    return [{ rule: 'metadata', message: `${name}=${value} is not key=value`, fix }];
  },
  Conflicts: (name, value) => {
    const globs = splitGlobs(value);
    return globs.length === 0 ? checkGlob(name, '') : globs.flatMap((glob) => checkGlob(name, glob));
  },
  Global: (name, value) => {
    if (readBoolean(value) !== undefined) return [];
    return [{ rule: 'boolean', message: `${name}=${value} is not a boolean`, fix: 'write true or false' }];
  },
  Replaces: (name, value) => {
    if (!/\s/.test(value)) return checkGlob(name, value);
    const fix = `put several in quotes: ${name}="a.service" "b@*.service"`;
    return [{ rule: 'glob', message: `${name}=${value} contains a blank, which no unit name does`, fix }];
  },
};

function checkGlob(name: string, glob: string): Flaw[] {
  if (glob === '') {
    return [
      { rule: 'glob', message: `${name}= is empty`, fix: 'give the units it is about, or remove the line' },
    ];
  }
  if (compileGlob(glob).chunks !== undefined) return [];
  const fix = 'close "[" with "]" and put a backslash before a character meant literally';
  return [{ rule: 'glob', message: `${name}=${glob} is not a valid glob`, fix }];
}

type Asks = (requirements: Requirements) => boolean;

const asks: Readonly<Partial<Record<FleetOption, Asks>>> = {
  MachineID: ({ machineId }) => machineId !== undefined,
  MachineOf: ({ machineOf }) => machineOf.length > 0,
  Conflicts: ({ conflicts }) => conflicts.length > 0,
  Global: ({ global }) => global,
  Replaces: ({ replaces }) => replaces.length > 0,
};

/** Pairs that exclude each other, as fleet's API refused them. */
const exclusive: readonly (readonly [FleetOption, FleetOption])[] = [
  ['MachineID', 'MachineOf'],
  ['MachineID', 'Conflicts'],
  ['MachineID', 'Global'],
  ['MachineID', 'Replaces'],
  ['Global', 'MachineOf'],
  ['Global', 'Replaces'],
  ['Conflicts', 'Replaces'],
];

function checkCombinations(unit: string, requirements: Requirements, at: Location): Flaw[] {
  const both = exclusive.filter((pair) => pair.every((option) => asks[option]?.(requirements)));
  const pairs = both.map(([one, other]) => ({
    message: `${one} and ${other} exclude each other`,
    fix: 'keep one of them',
  }));
  const peers = (['conflicts', 'replaces'] as const).flatMap((kind) =>
    requirements.machineOf.flatMap((peer) =>
      requirements[kind]
        .filter((glob) => matchesGlob(compileGlob(glob), peer))
        .map((glob) => ({
          message: `${unit} must be with ${peer} (MachineOf) and away from ${glob} (${kind})`,
          fix: 'drop one of the two or narrow the glob',
        })),
    ),
  );
  return [...pairs, ...peers].map((flaw) => ({ ...at, rule: 'combination', ...flaw }));
}
