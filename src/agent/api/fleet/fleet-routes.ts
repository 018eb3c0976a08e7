import * as z from 'zod';
import { ApiError } from '../api-error.ts';
import { json, type Route } from '../route.ts';
import { discoveryDocument } from './discovery.ts';
import { listMachines, patchMetadata } from './machines.ts';
import {
  discovery,
  machinePage,
  metadataPatch,
  statePage,
  unit,
  unitBody,
  unitPage,
  unitState,
} from './schemas.ts';
import { getState, listStates } from './states.ts';
import { deleteUnit, getUnit, listUnits, putUnit } from './units.ts';

const paged = z.object({ nextPageToken: z.string().exactOptional() });

const table: readonly Route[] = [
  {
    method: 'GET',
    path: '/fleet/v1/units',
    summary: 'One page of units with their options and states.',
    query: paged,
    replies: [{ status: 200, json: unitPage }],
    handle: listUnits,
  },
  {
    method: 'GET',
    path: '/fleet/v1/units/:name',
    summary: 'One unit with its options and states.',
    replies: [{ status: 200, json: unit }],
    handle: getUnit,
  },
  {
    method: 'PUT',
    path: '/fleet/v1/units/:name',
    summary: 'Creates a unit or changes its options (201), or turns its desired state (204).',
    body: { schema: unitBody },
    replies: [{ status: 201 }, { status: 204 }],
    handle: putUnit,
  },
  {
    method: 'DELETE',
    path: '/fleet/v1/units/:name',
    summary: 'Stops and forgets a unit.',
    replies: [{ status: 204 }],
    handle: deleteUnit,
  },
  {
    method: 'GET',
    path: '/fleet/v1/state',
    summary: 'One page of what systemd says of units.',
    query: paged.extend({ machineID: z.string().exactOptional(), unitName: z.string().exactOptional() }),
    replies: [{ status: 200, json: statePage }],
    handle: listStates,
  },
  {
    method: 'GET',
    path: '/fleet/v1/state/:name',
    summary: 'What systemd says of one unit.',
    replies: [{ status: 200, json: unitState }],
    handle: getState,
  },
  {
    method: 'GET',
    path: '/fleet/v1/machines',
    summary: 'One page of machines.',
    query: paged,
    replies: [{ status: 200, json: machinePage }],
    handle: listMachines,
  },
  {
    method: 'PATCH',
    path: '/fleet/v1/machines',
    summary: 'Changes metadata of machines.',
    body: { schema: metadataPatch, anyType: true },
    replies: [{ status: 204 }],
    handle: patchMetadata,
  },
  {
    method: 'GET',
    path: '/fleet/v1/discovery',
    summary: 'The description of this API for generators of clients.',
    replies: [{ status: 200, json: discovery }],
    otherMethods: 400,
    handle: async () => json(discoveryDocument),
  },
];

/** fleet's API, for fleet's clients: paths, statuses and bodies are fleet's. Its query parameter `alt` changes nothing. */
export const fleetRoutes = table.map((route) => ({ ...route, handle: whileMember(route) }));

/** fleet's API was closed while its machine was no member, and its clients look for these words. */
function whileMember({ handle }: Route): Route['handle'] {
  return async (context, request) => {
    const refusal = context.refusal?.();
    if (refusal === undefined) return await handle(context, request);
    throw new ApiError(503, `fleet server unable to communicate with etcd: ${refusal}`);
  };
}
