import type { UnitView } from '../model/api.ts';
import { closest } from '../model/closest.ts';
import type { Machine } from '../model/machine.ts';
import { upCommand } from '../model/up-command.ts';
import { isTemplate } from '../unit/name.ts';
import type { Cluster } from './cluster.ts';
import { CommandFailed } from './failure.ts';
import type { KnownMachine } from './stack.ts';
import { unitName } from './unit-words.ts';

/** The machine a user means: by name, by id, or by the beginning of an id that only one has. */
export function findMachine(machines: readonly KnownMachine[], word: string): KnownMachine {
  const named = machines.find((machine) => machine.name === word);
  if (named) return named;
  const matches = word === '' ? [] : machines.filter((machine) => machine.id.startsWith(word));
  const [match] = matches;
  if (match && matches.length === 1) return match;
  const names = machines.map((machine) => machine.name);
  if (match) {
    const several = matches.map(({ name, id }) => `${name} (${id})`).join(', ');
    throw new CommandFailed(`machine ${word} may be ${several}; give more of the id, or the name`);
  }
  throw new CommandFailed(`there is no machine ${word}${didYouMean(word, names)}; known: ${list(names)}`);
}

/** The unit a user means by its name or by the path of its file. */
export function findUnit(units: readonly UnitView[], word: string): UnitView {
  const name = unitName(word);
  const found = units.find((unit) => unit.name === name);
  if (found) return found;
  const names = units.map((unit) => unit.name);
  const suggestion = didYouMean(name, names);
  throw new CommandFailed(`there is no unit ${name}${suggestion}; \`flotilla list-unit-files\` shows all`);
}

/** The stack's machines that have the unit, in the stack's order. Empty for a unit that is pending or inactive. */
export function machinesOf(
  unit: UnitView,
  alive: readonly Machine[],
  known: readonly KnownMachine[],
): readonly KnownMachine[] {
  const ids = new Set([...unit.placements, ...unit.states].map((each) => each.machineId));
  const names = new Set(alive.filter((machine) => ids.has(machine.id)).map((machine) => machine.name));
  return known.filter((machine) => names.has(machine.name) || ids.has(machine.id));
}

/** The machines on which one can ask systemd about the unit. */
export async function whereabouts(cluster: Cluster, unit: UnitView): Promise<readonly KnownMachine[]> {
  const { machines } = await cluster.api.machines();
  return machinesOf(unit, machines, cluster.machines);
}

/** Why a unit is on no machine that can be reached, and what to do about it. */
export function absence(unit: UnitView): string {
  if (isTemplate(unit.name)) return 'it is a template, which goes to no machine; name an instance';
  if (unit.targetState === 'inactive') {
    return `it is inactive, so no machine has it; \`flotilla start ${unit.name}\` gives it one`;
  }
  if (unit.pending !== undefined || unit.placements.length === 0) {
    const why = unit.pending ?? 'no machine was chosen yet';
    return `it is pending: ${why}; \`flotilla explain ${unit.name}\` says what each machine has against it`;
  }
  return `its machine is none of this stack; run ${upCommand()} or choose the stack with --stack`;
}

function didYouMean(word: string, candidates: readonly string[]): string {
  const near = closest(word, candidates);
  return near === undefined ? '' : `, did you mean ${near}`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
