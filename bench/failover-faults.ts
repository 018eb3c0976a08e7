import { setTimeout as sleep } from 'node:timers/promises';
import { graceSeconds } from '../src/agent/engine/grace.ts';
import { fenceSeconds } from '../src/agent/systemd/fence-seconds.ts';
import { leaseSeconds } from '../src/model/lease.ts';
import { askControl } from '../src/qemu/control.ts';
import { type FailoverCluster, fenced, naps } from './failover-cluster.ts';
import { atLeast, atMost, exactly } from './figures.ts';
import { poll } from './observer.ts';
import { succeed } from './runs.ts';
import { endsAt, machinesWith, mostCopies, singleSince } from './timeline.ts';

/** Seconds that the network is cut, and that all of etcd is down. */
const cutFor = 60;
const downFor = 120;

/** Seconds until what has not come back to order is given up, and what counts then. */
const limit = 120;

const kills = 10;
const killEvery = 30;

/** One loop on each processor of each machine. */
const burner = `[Service]
ExecStart=/bin/sh -c 'for i in $(seq $(nproc)); do while :; do :; done & done; wait'
[X-Fleet]
Global=true
`;

/**
 * One machine can't reach the others for a minute, while they start what it has; SSH goes another way and stays. It is
 * the one that has the fenced unit.
 */
export async function networkCut(cluster: FailoverCluster): Promise<void> {
  const { recorder, control, report, log } = cluster;
  const machine = await cluster.homeOf(fenced);
  await cluster.napOn(machine);
  const cut = performance.now();
  await askControl(control, { command: 'fault', machine, fault: { cut: true } }, 5000);
  try {
    log(`${machine} is cut off`);
    await sleep(cutFor * 1000);
    const sightings = await recorder.read();
    const twice = naps.filter((unit) => machinesWith(sightings, unit).length > 1);
    log(`running twice before the cut heals: ${twice.join(' ') || 'nothing'}`);
    report('network of one machine cut for 60 s: its units taken over', atLeast(twice.length, 1, 'units'));
  } finally {
    await askControl(control, { command: 'heal', machine }, 5000);
  }
  const healed = performance.now();
  const wanted = [...naps, fenced];
  await poll(limit, 5, async () => singleSince(await recorder.read(), wanted, healed));
  // What looks well may be a unit between two machines.
  await sleep(15_000);
  const sightings = await recorder.read();
  const since = singleSince(sightings, wanted, healed);
  const seconds = since === undefined ? limit : (since - healed) / 1000;
  report('network healed: one copy of each unit after', atMost(seconds, 15, 's'));
  report(
    'network cut and healed: most copies of the fenced unit',
    exactly(mostCopies(sightings, fenced, cut), 1, ''),
  );
}

/** All of etcd down for two minutes. */
export async function etcdAway(cluster: FailoverCluster): Promise<void> {
  const { observer, report } = cluster;
  const before = await invocations(cluster, naps);
  const home = await cluster.homeOf(fenced);
  const began = performance.now();
  const all = (command: string) =>
    Promise.all(observer.machines.map((machine) => observer.output(machine, command)));
  try {
    await all('systemctl stop etcd');
    const gone = performance.now();
    await sleep(downFor * 1000);
    const down = (await all(secondsInactive)).map(Number);
    report('etcd down: least time on all machines', atLeast(Math.min(...down), downFor, 's'));
    const stopped = differing(before, await invocations(cluster, naps));
    report('etcd down for 2 min: unfenced units stopped', exactly(stopped, 0, 'units'));
    await reportFence(home, { began, gone }, cluster);
  } finally {
    await all('systemctl start --no-block etcd');
  }
  const back = await poll(limit, 5, async () => singleSince(await cluster.recorder.read(), [fenced], began));
  report('etcd back: fenced unit runs again', exactly(Number(back !== undefined), 1, ''));
  const most = mostCopies(await cluster.recorder.read(), fenced, began);
  report('etcd down and back: most copies of the fenced unit', exactly(most, 1, ''));
  const stopped = differing(before, await invocations(cluster, naps));
  report('etcd back: unfenced units stopped', exactly(stopped, 0, 'units'));
}

/** Seconds since etcd ended, by systemd's own clock; 0 while it runs. */
const secondsInactive = `since=$(systemctl show --value -p InactiveEnterTimestampMonotonic etcd)
read -r up _ </proc/uptime
if systemctl is-active -q etcd; then echo 0; else echo $((\${up%.*} - since / 1000000)); fi`;

/**
 * Nobody may take the unit over before the lease has ended and `graceSeconds.missing` went by. When the lease ends
 * the machine itself says (docs/decisions/0016-fencing.md); it can't be later than a lease's lifetime after etcd.
 */
async function reportFence(
  home: string,
  { began, gone }: { readonly began: number; readonly gone: number },
  cluster: FailoverCluster,
): Promise<void> {
  const { observer, recorder, report } = cluster;
  const sightings = await recorder.read();
  const stopped = endsAt(sightings, { machine: home, unit: fenced }, began) ?? Number.POSITIVE_INFINITY;
  const deadline = Number(await observer.output(home, 'cat /run/flotilla/fence/deadline')) / 100;
  const afterLease = (stopped - recorder.momentOf(home, deadline)) / 1000;
  const what = 'etcd down: fenced unit stopped';
  report(`${what}, after the end of its lease`, atMost(afterLease, graceSeconds.missing, 's'));
  const latest = leaseSeconds + fenceSeconds.kill;
  report(`${what}, after etcd was gone`, atMost((stopped - gone) / 1000, latest, 's'));
}

/** All processors of all machines busy for five minutes, and etcd's leader killed every 30 s. */
export async function starved(cluster: FailoverCluster): Promise<void> {
  const { observer, report, log, stack } = cluster;
  cluster.write('burn.service', burner);
  await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  const units = [...naps, 'burn.service'];
  const before = await invocations(cluster, units);
  const expected = naps.length + observer.machines.length;
  if (before.size !== expected) throw new Error(`${before.size} units run and not ${expected}`);
  const idleBefore = await processorTimes(cluster);
  const killed = await killEtcdLeaders(cluster);
  // What the last kill leads to comes within this time.
  await sleep(killEvery * 1000);
  const busy = busyShares(idleBefore, await processorTimes(cluster));
  const stopped = differing(before, await invocations(cluster, units));
  log(`the fenced unit, which may have been stopped, runs on ${await cluster.machinesWith(fenced)}`);
  report('full load for 5 min: CPU in use on the least busy machine', atLeast(Math.min(...busy), 95, '%'));
  report('full load for 5 min: kills of the etcd leader', exactly(killed, kills, 'kills'));
  report('full load for 5 min, etcd leader killed every 30 s: units stopped', exactly(stopped, 0, 'units'));
}

/** How many were killed: where none leads for long, there is none to kill. */
async function killEtcdLeaders(cluster: FailoverCluster): Promise<number> {
  const start = performance.now();
  let killed = 0;
  for (let kill = 1; kill <= kills; kill++) {
    await sleep(Math.max(0, start + kill * killEvery * 1000 - performance.now()));
    const leader = await poll(killEvery - 5, 2, () => cluster.etcdLeader());
    if (leader) await cluster.observer.output(leader.machine, 'systemctl kill --signal=SIGKILL etcd');
    killed += Number(leader !== undefined);
    const at = Math.round((performance.now() - start) / 1000);
    cluster.log(
      `after ${at} s: kill ${kill} of ${kills}, etcd on ${leader?.machine ?? 'no machine, since none led'}`,
    );
  }
  return killed;
}

interface ProcessorTime {
  readonly idle: number;
  readonly all: number;
}

/** By machine; proc_stat(5): the fourth and fifth column are idle and waiting for a disk. */
async function processorTimes({ observer }: FailoverCluster): Promise<ProcessorTime[]> {
  const lines = observer.machines.map((machine) => observer.look(machine, ['head', '-n1', '/proc/stat']));
  return (await Promise.all(lines)).map((line) => {
    const columns = line.split(/ +/).slice(1).map(Number);
    const [, , , idle = 0, waiting = 0] = columns;
    return { idle: idle + waiting, all: columns.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0) };
  });
}

function busyShares(before: readonly ProcessorTime[], after: readonly ProcessorTime[]): number[] {
  return before.map(({ idle, all }, at) => {
    const now = after[at] ?? { idle: Number.NaN, all: Number.NaN };
    return 100 * (1 - (now.idle - idle) / (now.all - all));
  });
}

/** `machine unit` → systemd's id of this run of it, of those that run. */
async function invocations(
  { observer }: FailoverCluster,
  units: readonly string[],
): Promise<Map<string, string>> {
  const show = ['systemctl', 'show', '-p', 'Id', '-p', 'ActiveState', '-p', 'InvocationID', ...units];
  const found = observer.machines.map(async (machine) => {
    const blocks = (await observer.look(machine, show)).split('\n\n');
    return blocks.flatMap((block): [string, string][] => {
      const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
      return value('ActiveState') === 'active' ? [[`${machine} ${value('Id')}`, value('InvocationID')]] : [];
    });
  });
  return new Map((await Promise.all(found)).flat());
}

/** Units that ran before and do not run any more, or not without a break. */
function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  return [...before].filter(([unit, id]) => after.get(unit) !== id).length;
}
