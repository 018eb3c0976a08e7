import type { ClusterState } from '../store/cluster-state.ts';
import { addressKey, cordonKey, encodeAddress, metadataKey } from '../store/keys.ts';
import type { Operation } from '../store/store.ts';

/**
 * What is kept of machines apart from their leases: where they were met last, and what users said of them. A
 * machine counts as gone for good when another one bears its name, since names outlive a replacement and ids do
 * not. Until then it may be switched off for repair, and all that has to be there when it comes back.
 */
export function machineRecords(cluster: ClusterState): Operation[] {
  const { machines, whereabouts, placements, cordons, patched } = cluster;
  const present = new Set(machines.map(({ id }) => id));
  const names = new Set(machines.map(({ name }) => name));
  const placed = new Set(placements.map(({ machineId }) => machineId));
  const met = machines.flatMap((machine): Operation[] => {
    const known = whereabouts.get(machine.id);
    const same = known?.name === machine.name && known.address === machine.address;
    return same ? [] : [{ put: addressKey(machine.id), value: encodeAddress(machine) }];
  });
  const gone = [...whereabouts].flatMap(([id, { name }]): Operation[] => {
    if (present.has(id) || placed.has(id)) return [];
    const said = [
      ...(cordons.has(id) ? [{ delete: cordonKey(id) }] : []),
      ...(patched.has(id) ? [{ delete: metadataKey(id) }] : []),
    ];
    if (said.length > 0 && !names.has(name)) return [];
    return [{ delete: addressKey(id) }, ...said];
  });
  return [...met, ...gone];
}
