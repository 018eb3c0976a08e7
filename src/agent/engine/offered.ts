import { compare } from '../../model/compare.ts';
import { pairOf } from '../../model/placement.ts';
import type { Registration } from '../../model/registration.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { factsIn } from './unit-facts.ts';

/**
 * What a machine registers is its own word, and who has broken into one can register anything. So only what the engine
 * gave it counts: a unit that is placed there, with the services in its file, at the address that the stack knows. That
 * the unit is ready is left to be believed.
 */
export function offeredServices(cluster: ClusterState): Registration[] {
  const { registrations, placements, machines, files } = cluster;
  const placed = new Map(placements.map((placement) => [pairOf(placement), placement]));
  const members = new Map(machines.map((machine) => [machine.id, machine]));
  const factsOf = factsIn(files);
  const offered = registrations.flatMap((registration): Registration[] => {
    const { unit, machineId, service, port } = registration;
    const machine = members.get(machineId);
    const hash = placed.get(pairOf(registration))?.hash;
    const services = (hash && factsOf(unit, hash)?.flotilla.services) || [];
    const found = services.find((one) => one.name === service && one.port === port);
    if (!machine || !found) return [];
    const { name, ...known } = found;
    return [{ service: name, unit, machineId, machine: machine.name, address: machine.address, ...known }];
  });
  return offered.sort(inOrder);
}

function inOrder(one: Registration, other: Registration): number {
  return (
    compare(one.service, other.service) ||
    one.unit.localeCompare(other.unit, 'en', { numeric: true }) ||
    one.machine.localeCompare(other.machine, 'en', { numeric: true })
  );
}
