import { basename } from 'node:path';
import type { MachineView, UnitView } from '../model/api.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './failure.ts';
import { absence, machinesOf } from './lookup.ts';
import { say } from './say.ts';
import { selectUnits } from './select-units.ts';
import type { KnownMachine } from './stack.ts';
import { expandBraces, globMatcher, isGlob, unitName } from './unit-words.ts';

/** A machine, and the units whose journal it is asked for. */
export interface Source {
  readonly machine: KnownMachine;
  readonly units: readonly string[];
}

export interface Sources {
  readonly sources: readonly Source[];
  /** The store's revision at which they were found. */
  readonly revision: string;
}

/** Where the units are that words mean. Names those that are nowhere; fails when that is all of them. */
export async function findSources(
  context: Context,
  { api, machines: known }: Cluster,
  words: readonly string[],
): Promise<Sources> {
  const { units, revision } = await api.units();
  const { machines } = await api.machines();
  const meant = selectUnits(units, words);
  const lost = meant.filter((unit) => machinesOf(unit, machines, known).length === 0);
  for (const unit of lost) say(context, `${unit.name}: ${absence(unit)}`);
  const sources = sourcesOf(meant, machines, known);
  if (sources.length > 0) return { sources, revision };
  throw new CommandFailed('no machine has any of these units, for the reasons above');
}

/** In the order of the known machines. */
export function sourcesOf(
  units: readonly UnitView[],
  alive: readonly MachineView[],
  known: readonly KnownMachine[],
): readonly Source[] {
  const places = units.map(({ name, ...unit }) => ({
    name,
    on: machinesOf({ name, ...unit }, alive, known),
  }));
  const sources = known.map((machine) => ({
    machine,
    units: places.flatMap(({ name, on }) => (on.includes(machine) ? name : [])),
  }));
  return sources.filter(({ units }) => units.length > 0);
}

/** Whether the words mean a unit, also one that the cluster does not have yet. */
export function meaningOf(words: readonly string[]): (unit: string) => boolean {
  const all = words.flatMap(expandBraces);
  const globs = all.filter(isGlob).map((word) => globMatcher(basename(word)));
  const names = new Set(all.filter((word) => !isGlob(word)).map(unitName));
  return (unit) => names.has(unit) || globs.some((matches) => matches(unit));
}
