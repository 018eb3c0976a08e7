import type { UnitOption } from './parse.ts';
import { splitAtSpace } from './space.ts';
import { expandSpecifiers } from './specifier.ts';
import { splitValues } from './values.ts';

/** What a unit's `[X-Fleet]` section asks of the machine it goes to, specifiers already replaced. */
export interface Requirements {
  /** `MachineID=`: full machine id or its first 8 digits. */
  readonly machineId?: string;
  /** `MachineOf=`: units that must be on the same machine. */
  readonly machineOf: readonly string[];
  /** `MachineMetadata=`: every key must match (AND) one of its values (OR). */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  /** `Conflicts=`: globs (Go's path.Match) of units that may not be on the same machine. */
  readonly conflicts: readonly string[];
  /** `Global=`: on every machine whose metadata match. */
  readonly global: boolean;
  /** `Replaces=`: globs of units that make room for this one. */
  readonly replaces: readonly string[];
}

/** Meanings of the options, which spellings share. */
export type FleetOption = 'MachineID' | 'MachineOf' | 'MachineMetadata' | 'Conflicts' | 'Global' | 'Replaces';

/** All spellings fleet knows, the old `X-` ones included, and what they mean. No others exist. */
export const fleetSpellings: Readonly<Record<string, FleetOption>> = {
  MachineID: 'MachineID',
  'X-ConditionMachineID': 'MachineID',
  'X-ConditionMachineBootID': 'MachineID',
  'X-ConditionMachineOf': 'MachineOf',
  MachineOf: 'MachineOf',
  'X-ConditionMachineMetadata': 'MachineMetadata',
  MachineMetadata: 'MachineMetadata',
  'X-Conflicts': 'Conflicts',
  Conflicts: 'Conflicts',
  Global: 'Global',
  Replaces: 'Replaces',
};

export const fleetSection = 'X-Fleet';

/** `[X-Fleet]` by option name as written, with values split and specifiers replaced by the unit's name. */
export function fleetValues(unit: string, options: readonly UnitOption[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const { section, name, value } of options) {
    if (section !== fleetSection) continue;
    const expanded = splitValues(value).map((one) => expandSpecifiers(one, unit));
    values.set(name, [...(values.get(name) ?? []), ...expanded]);
  }
  return values;
}

/**
 * Reads a unit's requirements as fleet did: of several `MachineID=` the first counts, of several `Global=` the
 * last, all else adds up. Malformed values are passed over here; `checkOptions` is what refuses them, so call
 * that first on anything a user wrote.
 */
export function readRequirements(unit: string, options: readonly UnitOption[]): Requirements {
  const values = fleetValues(unit, options);
  const of = (option: FleetOption) =>
    Object.keys(fleetSpellings)
      .filter((spelling) => fleetSpellings[spelling] === option)
      .flatMap((spelling) => values.get(spelling) ?? []);
  const machineId = of('MachineID')[0];
  return {
    ...(machineId !== undefined && { machineId }),
    machineOf: of('MachineOf'),
    metadata: readMetadata(of('MachineMetadata')),
    conflicts: of('Conflicts').flatMap(splitGlobs),
    global: readBoolean(of('Global').at(-1) ?? '') ?? false,
    replaces: of('Replaces'),
  };
}

/** `Conflicts=` alone also splits at blanks inside a value. */
export function splitGlobs(value: string): string[] {
  return splitAtSpace(value);
}

/** `disk=ssd` → key and value; undefined unless there is exactly one `=` with text on both sides. */
export function splitPair(pair: string): { key: string; value: string } | undefined {
  const [, key, value] = /^([^=]+)=([^=]+)$/s.exec(pair) ?? [];
  return key === undefined || value === undefined ? undefined : { key, value };
}

function readMetadata(pairs: readonly string[]): Record<string, string[]> {
  const metadata = new Map<string, Set<string>>();
  for (const pair of pairs.map(splitPair)) {
    if (pair === undefined) continue;
    metadata.set(pair.key, (metadata.get(pair.key) ?? new Set()).add(pair.value));
  }
  return Object.fromEntries([...metadata].map(([key, values]) => [key, [...values]]));
}

const booleans: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, '1': true, on: true, t: true },
  ...{ false: false, no: false, '0': false, off: false, f: false },
};

/** fleet's words for yes, in any case, and their opposites. systemd's `y` and `n` are not among them. */
export function readBoolean(value: string): boolean | undefined {
  const word = value.toLowerCase();
  return Object.hasOwn(booleans, word) ? booleans[word] : undefined;
}
