import { isDeepStrictEqual } from 'node:util';
import type { Cordon, CordonReply, MachineView } from '../../model/api.ts';
import type { Machine } from '../../model/machine.ts';
import { type ClusterState, readCluster } from '../../store/cluster-state.ts';
import { cordonKey, encodeCordon } from '../../store/keys.ts';
import type { Operation, Store } from '../../store/store.ts';
import { ApiError } from './api-error.ts';

/** A machine as users see it. */
export function machineView(machine: Machine, { cordons }: ClusterState): MachineView {
  const cordon = cordons.get(machine.id);
  return cordon === undefined ? machine : { ...machine, cordon };
}

/**
 * Cordons a machine, drains it, or takes either back (`undefined`), also one that is off. The engine sees the key and
 * does the rest. What already is so is not written.
 * @throws {ApiError} 404 for an unknown machine, 409 for a name that two machines have.
 */
export async function setCordon(
  store: Store,
  nameOrId: string,
  cordon: Cordon | undefined,
): Promise<CordonReply> {
  const cluster = await readCluster(store);
  const machine = findMachine(nameOrId, cluster);
  const operation = cordonOperation(machine.id, cordon, cluster);
  if (operation) await store.transact({ compare: [], success: [operation] });
  return { ...machine, ...(cordon !== undefined && { cordon }) };
}

function cordonOperation(
  id: string,
  cordon: Cordon | undefined,
  { cordons }: ClusterState,
): Operation | undefined {
  const known = cordons.get(id);
  if (cordon === undefined) return known && { delete: cordonKey(id) };
  const same = isDeepStrictEqual(known, cordon);
  return same ? undefined : { put: cordonKey(id), value: encodeCordon(cordon) };
}

type Known = Pick<Machine, 'id' | 'name' | 'address'>;

/** By its id, or by the name of a machine that is there, or of one that is off. */
function findMachine(nameOrId: string, cluster: ClusterState): Known {
  const { machines } = cluster;
  const absent = absentMachines(cluster);
  const choices = [
    [...machines, ...absent].filter(({ id }) => id === nameOrId),
    machines.filter(({ name }) => name === nameOrId),
    absent.filter(({ name }) => name === nameOrId),
  ];
  const found = choices.find(({ length }) => length > 0) ?? [];
  const [machine, another] = found;
  if (machine === undefined) {
    const known = [...new Set([...machines, ...absent].map(({ name }) => name))].sort();
    throw new ApiError(404, `there is no machine ${nameOrId}; there are ${known.join(', ') || 'none'}`);
  }
  if (another !== undefined) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new ApiError(409, `${nameOrId} is the name of several machines: give the id, one of ${ids}`);
  }
  return machine;
}

/** What is known of machines that are off: where they were met, or that they are cordoned. */
function absentMachines({ machines, whereabouts, cordons }: ClusterState): Known[] {
  const present = new Set(machines.map(({ id }) => id));
  const ids = [...new Set([...whereabouts.keys(), ...cordons.keys()])].filter((id) => !present.has(id));
  return ids.map((id) => ({ id, name: id, address: '', ...whereabouts.get(id) }));
}
