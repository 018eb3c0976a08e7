import type { UnitView } from '../model/api.ts';
import { compare } from '../model/compare.ts';
import type { TargetState } from '../model/unit.ts';
import { unitContents } from '../push/unit-contents.ts';
import { parseUnit } from '../unit/parse.ts';
import { readRequirements } from '../unit/requirements.ts';
import type { Cluster } from './cluster.ts';
import type { Verb } from './command.ts';
import { hashLegend, type MachineReference, machineLegend, machineReference } from './legend.ts';
import { type Listing, listing } from './listing.ts';
import { type Cell, nothing } from './table.ts';

interface Row extends UnitView {
  readonly machines: readonly MachineReference[];
  /** What stands in the file; undefined unless a column needs it. */
  readonly facts?: FileFacts | undefined;
}

interface FileFacts {
  readonly global: boolean;
  /** `Description=`, empty when there is none. */
  readonly description: string;
}

/** Columns for which each file has to be fetched. */
const ofFile: readonly string[] = ['global', 'desc'];

const unitFiles: Listing<Row> = {
  name: 'list-unit-files',
  summary: 'list the units that the cluster has, wherever they are',
  description:
    'Lists every unit of the cluster once: what it shall be (DSTATE), what it is (STATE) and which machines were ' +
    'chosen for it (TARGET). The states are inactive, loaded and launched; launched does not mean that the unit ' +
    'runs well, see list-units for that.\n\n' +
    'With --json: [{unit, hash, desiredState, currentState, machines: [{id, name, address}], pending}].',
  examples: ['list-unit-files', 'list-unit-files --fields unit,hash --full', 'list-unit-files --json'],
  fields: {
    unit: ({ name }) => ({ text: name }),
    hash: ({ hash }, full) => ({ text: hashLegend(hash, full) }),
    dstate: ({ targetState }) => ({ text: targetState }),
    state: (row) => ({ text: currentState(row) }),
    target: targetCell,
    // fleetctl's older name of the same.
    tmachine: targetCell,
    name: ({ machines }) => ({
      text: machines.map(({ id, name }) => name ?? id.slice(0, 8)).join(',') || '-',
    }),
    global: ({ facts }) => ({ text: String(facts?.global ?? false) }),
    desc: ({ facts }) => (facts?.description ? { text: facts.description } : nothing),
    pending: ({ pending }) => (pending === undefined ? nothing : { text: pending, style: 'yellow' }),
  },
  defaults: ['unit', 'hash', 'dstate', 'state', 'target', 'pending'],
  rows: async (cluster, columns) => {
    const { units } = await cluster.api.units();
    const { machines } = await cluster.api.machines();
    const rows: Row[] = [];
    for (const unit of units.toSorted((a, b) => compare(a.name, b.name))) {
      const targets = unit.placements.map(({ machineId }) => machineReference(machines, machineId));
      const facts = columns.some((name) => ofFile.includes(name))
        ? await readFacts(cluster, unit.name)
        : undefined;
      rows.push({ ...unit, machines: targets, facts });
    }
    return rows;
  },
  json: (row) => ({
    ...{ unit: row.name, hash: row.hash, desiredState: row.targetState, currentState: currentState(row) },
    ...{ machines: row.machines, pending: row.pending ?? null },
  }),
};

function targetCell({ machines }: Row, full: boolean): Cell {
  return { text: machines.map((machine) => machineLegend(machine, full)).join(',') || '-' };
}

async function readFacts(cluster: Cluster, name: string): Promise<FileFacts | undefined> {
  const contents = await unitContents(cluster.api, name);
  if (contents === undefined) return undefined;
  const { options } = parseUnit(contents);
  const description = options.findLast(
    (option) => option.section === 'Unit' && option.name === 'Description',
  );
  return { global: readRequirements(name, options).global, description: description?.value ?? '' };
}

/** fleet's rule: inactive without a machine that reports it, launched once its machine was told to start it. */
function currentState({ placements, states }: UnitView): TargetState {
  const reporting = new Set(states.map(({ machineId }) => machineId));
  const taken = placements.filter(({ machineId }) => reporting.has(machineId));
  if (taken.length === 0) return 'inactive';
  return taken.every(({ targetState }) => targetState === 'launched') ? 'launched' : 'loaded';
}

export const listUnitFiles: Verb = (context) => listing(context, unitFiles);
