import { messageOf } from '../src/model/message-of.ts';
import type { Benchmark } from './benchmark.ts';
import { type FailoverCluster, startFailoverCluster } from './failover-cluster.ts';
import { deathOfLeader, deaths } from './failover-deaths.ts';
import { etcdAway, networkCut, starved } from './failover-faults.ts';

/** In the order they are done: a machine that nothing is left of comes before one that has too much to do. */
const parts: Readonly<Record<string, (cluster: FailoverCluster) => Promise<void>>> = {
  deaths,
  leader: deathOfLeader,
  cut: networkCut,
  etcd: etcdAway,
  starved,
};

export const failoverParts = Object.keys(parts);

/**
 * What becomes of units when machines, their network and etcd fail. A part that breaks off does not keep the others
 * from being measured: each waits until the cluster is whole again.
 */
export const failover: Benchmark = async (report, log, wants) => {
  const problems: string[] = [];
  const cluster = await startFailoverCluster(report, log);
  try {
    for (const [part, measure] of Object.entries(parts).filter(([name]) => wants(name))) {
      log(`${part}: waiting until the cluster is whole and at rest`);
      const problem = await cluster
        .settle()
        .then(() => measure(cluster))
        .catch(messageOf);
      if (problem === undefined) continue;
      log(`${part} broke off: ${problem}`);
      problems.push(`${part}: ${problem}`);
    }
  } finally {
    await cluster.end();
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
};
