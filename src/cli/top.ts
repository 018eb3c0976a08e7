import type { MachineView, UnitView } from '../model/api.ts';
import { unitContents } from '../push/unit-contents.ts';
import { readFlotillaOptions } from '../unit/flotilla-options.ts';
import { parseUnit } from '../unit/parse.ts';
import { capture } from './capture.ts';
import type { Cluster } from './cluster.ts';
import type { Verb } from './command.ts';
import { cordonNote } from './legend.ts';
import { type Listing, listing } from './listing.ts';
import { type Load, parseLoad } from './machine-load.ts';
import { type Cell, nothing } from './table.ts';

interface Row {
  readonly machine: MachineView;
  readonly units: number;
  readonly active: number;
  readonly failed: number;
  readonly weight: number;
  /** Null where the machine did not answer. */
  readonly load: Load | null;
}

/** Columns for which each machine has to be asked. */
const ofMachine: readonly string[] = ['load', 'memory'];

const machines: Listing<Row> = {
  name: 'top',
  summary: 'show what every machine has to carry',
  description:
    'Units, how many of them are active or failed, their summed Weight=, which is what the scheduler looks at, and ' +
    'what the machine itself says: load average of the last minute against its CPUs, and memory in use.\n\n' +
    'With --json: [{name, units, active, failed, weight, cpus, load, memory (MiB), memoryUsed (MiB)}], with null ' +
    'where a machine did not answer.',
  examples: ['top', 'top --fields machine,weight,load --no-legend'],
  fields: {
    machine: ({ machine }) => ({ text: machine.name }),
    units: ({ units }) => ({ text: String(units) }),
    active: ({ active }) => ({ text: String(active) }),
    failed: ({ failed }) => (failed > 0 ? { text: String(failed), style: 'red' } : { text: '0' }),
    weight: ({ weight }) => ({ text: String(weight) }),
    load: ({ load, machine }) => (load ? loadCell(load.average, machine.capacity.cpus) : nothing),
    memory: ({ load }) => (load ? memoryCell(load) : nothing),
    note: ({ machine }) => cordonNote(machine),
  },
  defaults: ['machine', 'units', 'active', 'failed', 'weight', 'load', 'memory', 'note'],
  rows: readRows,
  json: ({ machine, units, active, failed, weight, load }) => ({
    ...{ name: machine.name, units, active, failed, weight },
    ...{ cpus: machine.capacity.cpus, load: load?.average ?? null },
    ...{ memory: machine.capacity.memory, memoryUsed: load?.memoryUsed ?? null },
  }),
};

async function readRows(cluster: Cluster, columns: readonly string[]): Promise<readonly Row[]> {
  const { units } = await cluster.api.units();
  const { machines } = await cluster.api.machines();
  const weights = await weigh(cluster, units);
  const rows = machines.map(async (machine): Promise<Row> => {
    const here = units.filter(({ placements }) =>
      placements.some(({ machineId }) => machineId === machine.id),
    );
    const states = here.flatMap((unit) => unit.states.filter(({ machineId }) => machineId === machine.id));
    return {
      machine,
      units: here.length,
      active: states.filter(({ active }) => active === 'active').length,
      failed: states.filter(({ active }) => active === 'failed').length,
      weight: here.reduce((sum, { name }) => sum + (weights.get(name) ?? 0), 0),
      load: columns.some((name) => ofMachine.includes(name)) ? await loadOf(cluster, machine) : null,
    };
  });
  const read = await Promise.all(rows);
  return read.sort((a, b) => a.machine.name.localeCompare(b.machine.name, 'en', { numeric: true }));
}

/** By unit name. Instances of a template have one file, which is asked for once. */
async function weigh(cluster: Cluster, units: readonly UnitView[]): Promise<ReadonlyMap<string, number>> {
  const files = new Map<string, string>();
  const weights = new Map<string, number>();
  for (const { name, hash, placements } of units) {
    if (placements.length === 0) continue;
    const contents = files.get(hash) ?? (await unitContents(cluster.api, name));
    if (contents === undefined) continue;
    files.set(hash, contents);
    weights.set(name, readFlotillaOptions(name, parseUnit(contents).options).weight);
  }
  return weights;
}

async function loadOf(cluster: Cluster, { name }: MachineView): Promise<Load | null> {
  const known = cluster.machines.find((machine) => machine.name === name);
  const text = known && (await capture(cluster, known, ['cat', '/proc/loadavg', '/proc/meminfo']));
  return (text !== undefined && parseLoad(text)) || null;
}

function loadCell(average: number, cpus: number): Cell {
  const text = `${average.toFixed(2)} of ${cpus}`;
  return average > cpus ? { text, style: 'yellow' } : { text };
}

function memoryCell({ memoryUsed, memory }: Load): Cell {
  const text = `${memoryUsed} of ${memory} MiB`;
  return memoryUsed > 0.9 * memory ? { text, style: 'yellow' } : { text };
}

export const top: Verb = (context) => listing(context, machines);
