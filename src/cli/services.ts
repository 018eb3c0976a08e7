import type { Registration } from '../model/registration.ts';
import type { Verb } from './command.ts';
import { CommandFailed } from './failure.ts';
import { idLegend } from './legend.ts';
import { type Listing, listing } from './listing.ts';
import { nothing } from './table.ts';

const services: Listing<Registration> = {
  name: 'services',
  summary: 'list the services that ready units offer, and where',
  description:
    'Lists what can be used now: each service that a unit has in its [X-Flotilla], once for each unit that is ready, ' +
    'with address and port. A unit that is missing here is not ready; list-units shows why. The status is 1 when ' +
    'nothing offers the service that is named.\n\n' +
    'With --json: [{service, unit, machine: {id, name, address}, address, port, key | null}].',
  examples: ['services', 'services app', 'services app --no-legend --fields address', 'services --json'],
  argument: { name: 'service', description: 'only the service of this name' },
  fields: {
    service: ({ service }) => ({ text: service }),
    address: ({ address, port }) => ({ text: `${address}:${port}` }),
    unit: ({ unit }) => ({ text: unit }),
    name: ({ machine }) => ({ text: machine }),
    machine: ({ machineId }, full) => ({ text: idLegend(machineId, full) }),
    ip: ({ address }) => ({ text: address }),
    port: ({ port }) => ({ text: String(port) }),
    key: ({ key }) => (key === undefined ? nothing : { text: key }),
  },
  defaults: ['service', 'address', 'unit', 'name'],
  rows: async ({ api }, _, word) => {
    const { services: all } = await api.services();
    const found = all.filter(({ service }) => word === undefined || service === word);
    if (word === undefined || found.length > 0) return found;
    const names = [...new Set(all.map(({ service }) => service))].join(', ') || 'none';
    throw new CommandFailed(`no ready unit offers ${word}; there are now: ${names}`);
  },
  json: ({ service, unit, machineId: id, machine: name, address, port, key }) => ({
    ...{ service, unit, machine: { id, name, address } },
    ...{ address, port, key: key ?? null },
  }),
};

export const listServices: Verb = (context) => listing(context, services);
