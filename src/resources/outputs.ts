import * as pulumi from '@pulumi/pulumi';
import type { ClusterParts } from './cluster.ts';
import type { UnitSet } from './unit-set.ts';

/** What `pulumi up` prints in the end. */
export function clusterOutputs(cluster: ClusterParts, units: UnitSet | undefined) {
  return {
    machines: addresses(cluster),
    etcd: cluster.etcd.health,
    units: units?.placements ?? {},
    published: cluster.published,
    connection: connection(cluster),
  };
}

/** Machine's name → its address on the cluster network. */
export function addresses({ machines }: Pick<ClusterParts, 'machines'>) {
  return Object.fromEntries(machines.map(({ name, address }) => [name, address]));
}

/** What `flotilla` reads to find the cluster. It holds the key that logs in there. */
export function connection(cluster: Pick<ClusterParts, 'machines' | 'privateKey'>) {
  return pulumi.secret({
    privateKey: cluster.privateKey,
    machines: cluster.machines.map(({ name, id, address, host, port, user, hostKey, ...more }) => {
      const { proxyJump, platform, etcd } = more;
      return { name, id, address, host, port, user, hostKey, proxyJump, platform, etcd };
    }),
  });
}
