import type { MachineView } from '../model/api.ts';
import { compare } from '../model/compare.ts';
import type { Verb } from './command.ts';
import { cordonNote, idLegend } from './legend.ts';
import { type Listing, listing } from './listing.ts';
import { nothing } from './table.ts';

interface Row extends MachineView {
  readonly leader: boolean;
}

const machines: Listing<Row> = {
  name: 'list-machines',
  summary: 'list the machines whose agents are alive',
  description:
    'Lists the machines that are alive, as their agents announce them. A machine that is gone is missing.\n\n' +
    'With --json: [{id, name, address, metadata, cpus, memory (MiB), version, leader, cordon: {drain, reason} | null}].',
  examples: ['list-machines', 'list-machines --full --no-legend', 'list-machines --fields name,ip,leader'],
  fields: {
    machine: ({ id }, full) => ({ text: idLegend(id, full) }),
    ip: ({ address }) => ({ text: address }),
    metadata: ({ metadata }) => ({ text: metadataText(metadata) || '-' }),
    name: ({ name }) => ({ text: name }),
    cpus: ({ capacity }) => ({ text: String(capacity.cpus) }),
    memory: ({ capacity }) => ({ text: `${capacity.memory} MiB` }),
    version: ({ version }) => ({ text: version }),
    leader: ({ leader }) => (leader ? { text: 'leader' } : nothing),
    note: cordonNote,
  },
  defaults: ['machine', 'ip', 'metadata', 'name', 'note'],
  rows: async ({ api }) => {
    const { machines, leader } = await api.machines();
    return machines
      .map((machine) => ({ ...machine, leader: machine.id === leader }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  },
  json: ({ id, name, address, metadata, capacity, version, leader, cordon }) => ({
    ...{ id, name, address, metadata },
    ...{ cpus: capacity.cpus, memory: capacity.memory, version, leader, cordon: cordon ?? null },
  }),
};

function metadataText(metadata: MachineView['metadata']): string {
  return Object.entries(metadata)
    .sort(([a], [b]) => compare(a, b))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

export const listMachines: Verb = (context) => listing(context, machines);
