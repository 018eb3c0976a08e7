import type { ServicesReply } from '../../model/api.ts';
import { compare } from '../../model/compare.ts';
import { pairOf } from '../../model/placement.ts';
import type { Registration } from '../../model/registration.ts';
import { type ClusterState, readCluster } from '../../store/cluster-state.ts';
import { factsIn } from '../engine/unit-facts.ts';
import { json, type Route } from './route.ts';
import { servicesReply as servicesSchema } from './schemas.ts';

/** `/flotilla/v1/services` */
export const servicesRoute: Route = {
  method: 'GET',
  path: '/flotilla/v1/services',
  summary: 'What ready units offer, and where.',
  replies: [{ status: 200, json: servicesSchema }],
  handle: async ({ store }) => json(servicesReply(await readCluster(store))),
};

/**
 * What a machine registers is its own word, and who has broken into one can register anything. So only what the engine
 * gave it counts: a unit that is placed there, with the services in its file, at the address that the stack knows. That
 * the unit is ready is left to be believed.
 */
export function servicesReply(cluster: ClusterState): ServicesReply {
  const { registrations, placements, machines, files } = cluster;
  const placed = new Map(placements.map((placement) => [pairOf(placement), placement]));
  const members = new Map(machines.map((machine) => [machine.id, machine]));
  const factsOf = factsIn(files);
  const services = registrations.flatMap((registration): Registration[] => {
    const { unit, machineId, service, port } = registration;
    const machine = members.get(machineId);
    const hash = placed.get(pairOf(registration))?.hash;
    const services = (hash && factsOf(unit, hash)?.flotilla.services) || [];
    const offered = services.find((one) => one.name === service && one.port === port);
    if (!machine || !offered) return [];
    const { name, ...known } = offered;
    return [{ service: name, unit, machineId, machine: machine.name, address: machine.address, ...known }];
  });
  return { services: services.sort(inOrder) };
}

function inOrder(one: Registration, other: Registration): number {
  return (
    compare(one.service, other.service) ||
    one.unit.localeCompare(other.unit, 'en', { numeric: true }) ||
    one.machine.localeCompare(other.machine, 'en', { numeric: true })
  );
}
