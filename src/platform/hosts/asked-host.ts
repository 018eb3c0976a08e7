import type { AskedHost } from '../../hosts/look.ts';
import type { MachinePlan } from '../../plan/plan.ts';

/** The config's check has seen to it that each machine has a host. */
export function askedHost(plan: MachinePlan): AskedHost {
  const { name, group, host, proxyJump, cpus, memory, disk, etcd, address: clusterAddress } = plan;
  if (!host) throw new TypeError(`${name} was planned without a host`);
  const { address, port, user, hostKey } = host;
  const index = Number(name.slice(group.length + 1)) - 1;
  return {
    ...{ name, address, port, user, hostKey, clusterAddress, cpus, memory, disk, etcd },
    ...(proxyJump && { proxyJump }),
    path: `flotilla:hosts.machines.${group}.${index}`,
    groupPath: `flotilla:machines.${group}`,
  };
}
