import type { MetadataCondition } from '../../src/model/flotilla-options.ts';
import type { Machine, Metadata } from '../../src/model/machine.ts';
import { compileGlob, matchesGlob } from '../../src/unit/glob.ts';
import { templateOf } from '../../src/unit/name.ts';
import { readNeeds, type UnitNeeds } from '../../src/unit/needs.ts';
import { parseUnit } from '../../src/unit/parse.ts';

/** What a unit file asks for, as the checks read it. */
export type NeedsOf = (unit: string, hash: string) => UnitNeeds | undefined;

const known = new Map<string, UnitNeeds>();

/** Reads needs from files by their hash; what was read once is kept, over all runs. */
export function needsIn(files: ReadonlyMap<string, string>): NeedsOf {
  return (unit, hash) => {
    const contents = files.get(hash);
    if (contents === undefined) return undefined;
    const key = `${unit} ${hash}`;
    const needs = known.get(key) ?? readNeeds(unit, parseUnit(contents).options);
    known.set(key, needs);
    return needs;
  };
}

/** A unit on a machine, beside the others there. */
export interface Seat {
  readonly unit: string;
  readonly needs: UnitNeeds;
  readonly machine: Machine;
  /** The other units there. */
  readonly others: readonly { readonly unit: string; readonly needs: UnitNeeds | undefined }[];
}

/** What a unit's file forbids about its seat, or undefined. Written down anew: what is checked can't be its own judge. */
export function brokenConstraint({ unit, needs, machine, others }: Seat): string | undefined {
  const { machineId, metadata, machineOf, conflicts } = needs.requirements;
  const { id, name } = machine;
  if (machineId !== undefined && !id.startsWith(machineId)) return `MachineID=${machineId} is not ${name}`;
  for (const [key, values] of Object.entries(metadata)) {
    const value = machine.metadata[key];
    if (value === undefined || !values.includes(value))
      return `${name} has not ${key}=${values.join(' or ')}`;
  }
  const unmet = needs.flotilla.conditions.find((condition) => !holds(condition, machine.metadata));
  if (unmet) return `${name} does not meet ${unmet.key} ${unmet.operator} ${unmet.values.join(',')}`;
  const siblings = others.filter((other) => templateOf(other.unit) === (templateOf(unit) ?? ''));
  const { maxPerMachine = Number.POSITIVE_INFINITY } = needs.flotilla;
  if (siblings.length >= maxPerMachine) return `MaxPerMachine=${maxPerMachine} is reached on ${name}`;
  const names = [unit, ...others.map((other) => other.unit)];
  const absent = machineOf.find((peer) => !names.includes(peer));
  if (absent !== undefined) return `MachineOf=${absent} is not on ${name}`;
  for (const other of others) {
    if (matchesAny(conflicts, other.unit) || matchesAny(other.needs?.requirements.conflicts ?? [], unit)) {
      return `${unit} conflicts with ${other.unit} on ${name}`;
    }
  }
  return undefined;
}

/** The operators that plans use. */
function holds({ key, operator, values }: MetadataCondition, metadata: Metadata): boolean {
  const listed = values.includes(metadata[key] ?? '');
  return operator === '!=' || operator === 'not in' ? !listed : listed;
}

/** The unit on the same machine that replaces this one, or that this one replaces. */
export function replacement({ unit, others }: Pick<Seat, 'unit' | 'others'>): string | undefined {
  return others.find((other) => matchesAny(other.needs?.requirements.replaces ?? [], unit))?.unit;
}

function matchesAny(globs: readonly string[], unit: string): boolean {
  return globs.some((glob) => matchesGlob(compileGlob(glob), unit));
}
