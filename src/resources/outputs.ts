import * as pulumi from '@pulumi/pulumi';
import type { Cluster } from './cluster.ts';
import type { UnitSet } from './unit-set.ts';

/** What `pulumi up` prints in the end, and what `flotilla` reads to find the cluster. */
export function clusterOutputs(cluster: Cluster, units: UnitSet | undefined) {
  return {
    machines: Object.fromEntries(cluster.machines.map(({ name, address }) => [name, address])),
    etcd: cluster.etcd.health,
    units: units?.placements ?? {},
    published: cluster.published,
    connection: pulumi.secret({
      privateKey: cluster.privateKey,
      machines: cluster.machines.map(({ name, id, address, host, port, user, hostKey, proxyJump, etcd }) => {
        return { name, id, address, host, port, user, hostKey, proxyJump, etcd };
      }),
    }),
  };
}
