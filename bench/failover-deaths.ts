import { setTimeout as sleep } from 'node:timers/promises';
import { pidOf } from '../test/cluster/observe.ts';
import type { FailoverCluster } from './failover-cluster.ts';
import { atMost, median } from './figures.ts';
import { poll } from './observer.ts';
import { runsAt } from './timeline.ts';

const runs = 10;
const leaderRuns = 3;

/** Seconds a unit is waited for, and what counts when it has not come by then. */
const limit = 120;

/** A machine is killed, again and again; most of them lead nothing or one of the two. */
export async function deaths(cluster: FailoverCluster): Promise<void> {
  const unit = 'nap@1.service';
  const seconds: number[] = [];
  for (let run = 1; run <= runs; run++) {
    if (run > 1) await cluster.settle();
    seconds.push(await deathOf(await cluster.homeOf(unit), unit, `${run} of ${runs}`, cluster));
  }
  const what = 'machine killed until its unit is active elsewhere';
  cluster.report(`${what}: median of ${runs}`, atMost(median(seconds), 15, 's'));
  cluster.report(`${what}: slowest of ${runs}`, atMost(Math.max(...seconds), 25, 's'));
}

/** The machine leads the engine and etcd, and has a unit. */
export async function deathOfLeader(cluster: FailoverCluster): Promise<void> {
  const seconds: number[] = [];
  for (let run = 1; run <= leaderRuns; run++) {
    if (run > 1) await cluster.settle();
    const leader = await leaderOfBoth(cluster);
    const unit = await cluster.napOn(leader);
    // Both were so before the unit was moved; it must be so when the machine dies.
    if ((await leaderOfBoth(cluster)) !== leader) throw new Error(`${leader} did not stay the leader`);
    seconds.push(await deathOf(leader, unit, `${run} of ${leaderRuns}`, cluster));
  }
  const what = 'machine that led engine and etcd killed until its unit is active elsewhere';
  cluster.report(`${what}: slowest of ${leaderRuns}`, atMost(Math.max(...seconds), 25, 's'));
}

/** The machine whose agent runs the engine, once etcd is led there as well. */
async function leaderOfBoth(cluster: FailoverCluster): Promise<string> {
  const { leader } = await cluster.observer.members();
  const etcd = await cluster.etcdLeader();
  if (leader === undefined || etcd === undefined) throw new Error('nobody leads the engine, or etcd');
  if (etcd.machine === leader) return leader;
  await cluster.observer.moveEtcdLeader(etcd, leader);
  const moved = await poll(30, 2, async () => (await cluster.etcdLeader())?.machine === leader || undefined);
  if (!moved) throw new Error(`etcd on ${leader} did not become the leader`);
  return leader;
}

/** SIGKILL of the machine that has the unit, until the unit runs on another; then the machine comes back. */
async function deathOf(
  machine: string,
  unit: string,
  run: string,
  cluster: FailoverCluster,
): Promise<number> {
  const { stack, observer, recorder, log } = cluster;
  const survivors = observer.machines.filter((name) => name !== machine);
  const led = [(await observer.members()).leader === machine ? 'engine' : []];
  led.push((await cluster.etcdLeader())?.machine === machine ? 'etcd' : []);
  await recorder.read(survivors);
  // What was asked has cost the machines some work.
  await sleep(3000);
  process.kill(pidOf(stack, machine), 'SIGKILL');
  const killed = performance.now();
  const running = await poll(limit, 2, async () => runsAt(await recorder.read(survivors), unit, killed));
  const seconds = running === undefined ? limit : (running - killed) / 1000;
  const leading = led.flat().join(' and ') || 'nothing';
  log(
    `run ${run}: ${machine}, which led ${leading}, killed; ${unit} elsewhere after ${seconds.toFixed(1)} s`,
  );
  if (running !== undefined) await mustBeActive(unit, survivors, cluster);
  await cluster.up();
  return seconds;
}

/** Processes alone could be those of a unit that fails. */
async function mustBeActive(
  unit: string,
  survivors: readonly string[],
  { observer }: FailoverCluster,
): Promise<void> {
  const asked = survivors.map((machine) => observer.run(machine, `systemctl is-active ${unit}`));
  if ((await Promise.all(asked)).some(({ stdout }) => stdout.trim() === 'active')) return;
  throw new Error(
    `${unit} has processes on one of ${survivors.join(', ')}, and systemd calls it active on none`,
  );
}
