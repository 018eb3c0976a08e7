import type { ClusterState } from '../../store/cluster-state.ts';
import { addressKey, cordonKey, encodeAddress, metadataKey } from '../../store/keys.ts';
import type { Operation } from '../../store/store.ts';

/**
 * What is kept of machines apart from their leases: where they were met last, and what users said of them. Until a
 * machine is gone for good it may be switched off for repair, and all that has to be there when it comes back.
 */
export function machineRecords(cluster: ClusterState): Operation[] {
  const { machines, met, placements, cordons, patched } = cluster;
  const here = new Set([...machines.map(({ id }) => id), ...placements.map(({ machineId }) => machineId)]);
  const noted = machines.flatMap((machine): Operation[] => {
    const known = met.get(machine.id);
    const same = known?.name === machine.name && known.address === machine.address;
    return same ? [] : [{ put: addressKey(machine.id), value: encodeAddress(machine) }];
  });
  const isGone = goneFor(cluster);
  const forgotten = [...new Set([...met.keys(), ...cordons.keys()])].flatMap((id): Operation[] => {
    if (here.has(id)) return [];
    const said = [
      ...(cordons.has(id) ? [{ delete: cordonKey(id) }] : []),
      ...(patched.has(id) ? [{ delete: metadataKey(id) }] : []),
    ];
    if (said.length > 0 && !isGone(id)) return [];
    return [...(met.has(id) ? [{ delete: addressKey(id) }] : []), ...said];
  });
  return [...noted, ...forgotten];
}

/**
 * Whether a machine is gone for good. The stack knows. Where it has told of no machines, one is gone when another one
 * bears its name, since names outlive a replacement and ids do not.
 */
function goneFor({ members, machines, met }: ClusterState): (id: string) => boolean {
  if (members.size > 0) return (id) => !members.has(id);
  const names = new Set(machines.map(({ name }) => name));
  return (id) => names.has(met.get(id)?.name ?? '');
}
