import type { UnitView } from '../model/api.ts';
import { compare } from '../model/compare.ts';
import type { Machine } from '../model/machine.ts';
import { failureOf, troubleOf } from '../model/readiness.ts';
import type { UnitStatus } from '../model/status.ts';
import { findDrift } from '../push/diff.ts';
import type { Verb } from './command.ts';
import { hashLegend, type MachineReference, machineLegend, machineReference } from './legend.ts';
import { type Field, type Listing, listing } from './listing.ts';
import { nothing, type Style } from './table.ts';

/** A unit on one machine, or a unit that no machine has. */
interface Row {
  readonly unit: string;
  readonly machine: MachineReference | null;
  readonly state: UnitStatus | null;
  /** Why it is where it is, or nowhere. */
  readonly reason: string | null;
  /** What somebody should look at. */
  readonly note: string | null;
}

const styles: Readonly<Record<string, Style>> = { active: 'green', failed: 'red', activating: 'yellow' };

const units: Listing<Row> = {
  name: 'list-units',
  summary: 'list the units on the machines, and those that wait for one',
  description:
    'Lists every unit once for each machine that has it, as systemd sees it there, and pending units with the ' +
    'reason why no machine has them. Inactive units are left out; list-unit-files shows them.\n\n' +
    'With --json: [{unit, machine: {id, name, address} | null, load, active, sub, hash, reason, note, ready: {ok, ' +
    'detail} | null, failure: {result, journal} | null}]; load, active, sub and hash are null where no machine ' +
    'reports the unit, ready where it has no Ready= or is not active.',
  examples: ['list-units', 'list-units --fields unit,name,active,reason', 'list-units --json'],
  fields: {
    unit: ({ unit }) => ({ text: unit }),
    machine: ({ machine }, full) => (machine ? { text: machineLegend(machine, full) } : nothing),
    active: ({ state }) => (state ? { text: state.active, ...styleOf(state.active) } : nothing),
    sub: ({ state }) => (state ? { text: state.sub } : nothing),
    load: ({ state }) => (state ? { text: state.load } : nothing),
    hash: ({ state }, full) => (state ? { text: hashLegend(state.hash, full) } : nothing),
    name: ({ machine }) => (machine?.name ? { text: machine.name } : nothing),
    reason: orNothing(({ reason }) => reason),
    note: orNothing(({ note }) => note, 'yellow'),
  },
  defaults: ['unit', 'machine', 'active', 'sub', 'name', 'note'],
  rows: async ({ api }) => {
    const { units } = await api.units();
    const { machines } = await api.machines();
    return units.toSorted((a, b) => compare(a.name, b.name)).flatMap((unit) => rowsOf(unit, machines));
  },
  json: ({ unit, machine, state, reason, note }) => ({
    ...{ unit, machine },
    ...{ load: state?.load ?? null, active: state?.active ?? null, sub: state?.sub ?? null },
    ...{ hash: state?.hash ?? null, reason, note },
    ...{ ready: state?.ready ?? null, failure: state?.failure ? { journal: [], ...state.failure } : null },
  }),
};

function rowsOf(unit: UnitView, machines: readonly Machine[]): readonly Row[] {
  const ids = [...new Set([...unit.placements, ...unit.states].map(({ machineId }) => machineId))];
  if (ids.length > 0) {
    return ids
      .map((id) => machineRow(unit, id, machines))
      .sort((a, b) => order(a).localeCompare(order(b), 'en', { numeric: true }));
  }
  if (unit.targetState === 'inactive') return [];
  const reason = unit.pending ?? 'no machine was chosen yet';
  return [{ unit: unit.name, machine: null, state: null, reason, note: `pending: ${reason}` }];
}

function machineRow(unit: UnitView, id: string, machines: readonly Machine[]): Row {
  const placement = unit.placements.find((each) => each.machineId === id);
  const state = unit.states.find((each) => each.machineId === id) ?? null;
  const mine = { ...unit, placements: placement ? [placement] : [] };
  const [drift] = findDrift([mine], machines);
  return {
    unit: unit.name,
    machine: machineReference(machines, id),
    state,
    reason: placement?.reason ?? null,
    note: placement ? noteOf(state, drift?.reason) : 'it is being taken away',
  };
}

function noteOf(state: UnitStatus | null, drift: string | undefined): string | null {
  if (state === null) return drift ?? null;
  const { waiting, template } = state;
  const held = waiting ?? (template === undefined ? null : `template: ${template}`);
  return failureOf(state) ?? drift ?? troubleOf(state) ?? held;
}

function order({ machine }: Row): string {
  return machine?.name ?? machine?.id ?? '';
}

function styleOf(active: string): { style?: Style } {
  const style = styles[active];
  return style ? { style } : {};
}

function orNothing(value: (row: Row) => string | null, style?: Style): Field<Row> {
  return (row) => {
    const text = value(row);
    if (text === null) return nothing;
    return style ? { text, style } : { text };
  };
}

export const listUnits: Verb = (context) => listing(context, units);
