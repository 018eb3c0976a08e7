import type { Cordon, MachineView } from '../model/api.ts';
import type { Machine } from '../model/machine.ts';
import { type ClusterState, readCluster } from '../store/cluster-state.ts';
import { cordonKey, encodeCordon } from '../store/keys.ts';
import type { Operation, Store } from '../store/store.ts';
import { ApiError } from './api-error.ts';

/** A machine as users see it. */
export function machineView(machine: Machine, { cordons }: ClusterState): MachineView {
  const cordon = cordons.get(machine.id);
  return cordon === undefined ? machine : { ...machine, cordon };
}

/**
 * Cordons a machine, drains it, or takes either back (`undefined`). The engine sees the key and does the rest. What
 * already is so is not written.
 * @throws {ApiError} 404 for an unknown machine, 409 for a name that two machines have.
 */
export async function setCordon(
  store: Store,
  nameOrId: string,
  cordon: Cordon | undefined,
): Promise<MachineView> {
  const cluster = await readCluster(store);
  const machine = findMachine(nameOrId, cluster);
  const operation = cordonOperation(machine, cordon, cluster);
  if (operation) await store.transact({ compare: [], success: [operation] });
  return cordon === undefined ? machine : { ...machine, cordon };
}

function cordonOperation(
  { id }: Machine,
  cordon: Cordon | undefined,
  { cordons }: ClusterState,
): Operation | undefined {
  const known = cordons.get(id);
  if (cordon === undefined) return known && { delete: cordonKey(id) };
  const same = known?.drain === cordon.drain && known.reason === cordon.reason;
  return same ? undefined : { put: cordonKey(id), value: encodeCordon(cordon) };
}

function findMachine(nameOrId: string, { machines }: ClusterState): Machine {
  const found = machines.filter(({ id, name }) => id === nameOrId || name === nameOrId);
  const [machine, another] = found;
  if (machine === undefined) {
    const known = machines.map(({ name }) => name).sort();
    throw new ApiError(404, `there is no machine ${nameOrId}; there are ${known.join(', ') || 'none'}`);
  }
  if (another !== undefined) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new ApiError(409, `${nameOrId} is the name of several machines: give the id, one of ${ids}`);
  }
  return machine;
}
