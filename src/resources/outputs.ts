import * as pulumi from '@pulumi/pulumi';
import { adminUser } from '../../cloud-config/build.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import type { Cluster } from './cluster.ts';
import type { UnitSet } from './unit-set.ts';

/** What `pulumi up` prints in the end, and what `flotilla` reads to find the cluster. */
export function clusterOutputs(plan: ClusterPlan, cluster: Cluster, units: UnitSet | undefined) {
  return {
    machines: Object.fromEntries(plan.machines.map(({ name, address }) => [name, address])),
    etcd: cluster.etcd.health,
    units: units?.placements ?? {},
    published: cluster.published,
    connection: pulumi.secret({
      user: adminUser,
      privateKey: cluster.privateKey,
      machines: cluster.machines.map(({ name, id, address, host, port, hostKey, etcd }) => {
        return { name, id, address, host, port, hostKey, etcd };
      }),
    }),
  };
}
