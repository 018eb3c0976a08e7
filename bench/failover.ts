import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askControl } from '../src/qemu/control.ts';
import { networkPaths } from '../src/qemu/paths.ts';
import { pidOf } from '../test/cluster/observe.ts';
import { createStack, type Stack } from '../test/cluster/stack.ts';
import { atMost, exactly } from './figures.ts';
import type { Benchmark } from './main.ts';
import { Observer, secondsUntil } from './observer.ts';
import { succeed } from './runs.ts';

type Report = Parameters<Benchmark>[0];
type Log = Parameters<Benchmark>[1];

interface Bench {
  readonly stack: Stack;
  readonly observer: Observer;
  readonly report: Report;
  readonly log: Log;
}

const runs = 10;
const machines = ['core-1', 'core-2', 'core-3'];
const naps = [1, 2, 3, 4, 5, 6].map((instance) => `nap@${instance}.service`);
const fenced = 'fenced.service';

const sleeper = '[Service]\nExecStart=/bin/sleep infinity\n';
const burner = "[Service]\nExecStart=/bin/sh -c 'while :; do :; done'\n[X-Fleet]\nGlobal=true\n";

/** What happens to units when machines, their network and etcd fail. */
export const failover: Benchmark = async (report, log) => {
  const stack = createStack('failover', {
    machines: { core: { count: 3, etcd: true } },
    units: ['units/failover'],
  });
  stack.mkdir('units/failover');
  write(stack, 'nap@.service', sleeper);
  write(stack, fenced, `${sleeper}[X-Flotilla]\nFence=stop\n`);
  write(stack, 'units.yaml', 'instances: { nap@.service: 6 }\n');
  let observer: Observer | undefined;
  try {
    await succeed(stack, ['stack', 'init'], log);
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    observer = await Observer.of(stack);
    const bench = { stack, observer, report, log };
    await deaths(bench);
    await deathOfLeader(bench);
    await networkCut(bench);
    await etcdAway(bench);
    await starved(bench);
  } finally {
    await observer?.close();
    await stack.pulumi(['destroy', '--yes', '--skip-preview'], { log });
    stack.remove();
  }
};

function write(stack: Stack, name: string, text: string) {
  writeFileSync(join(stack.clone, 'units', 'failover', name), text);
}

async function deaths(bench: Bench) {
  const seconds: number[] = [];
  while (seconds.length < runs) {
    const [machine = ''] = await bench.observer.activeOn('nap@1.service');
    seconds.push(await deathOf(machine, 'nap@1.service', bench));
  }
  seconds.sort((a, b) => a - b);
  const median = ((seconds[runs / 2 - 1] ?? 0) + (seconds[runs / 2] ?? 0)) / 2;
  const what = 'machine killed until its unit is active elsewhere';
  bench.report(`${what}: median of ${runs}`, atMost(median, 15, 's'));
  bench.report(`${what}: slowest of ${runs}`, atMost(seconds.at(-1) ?? 0, 25, 's'));
}

/** SIGKILL of the machine that has the unit, until the unit is active on another; then the machine comes back. */
async function deathOf(machine: string, unit: string, { stack, observer, log }: Bench): Promise<number> {
  process.kill(pidOf(stack, machine), 'SIGKILL');
  const seconds = await secondsUntil(120, async () => {
    const on = await observer.activeOn(unit, [machine]);
    return on.some((name) => name !== machine);
  });
  log(`${machine} killed: ${unit} was active elsewhere after ${seconds.toFixed(1)} s`);
  await succeed(stack, ['up', '--yes', '--skip-preview', '--refresh'], () => undefined);
  return seconds;
}

/** The machine leads the engine and etcd, and has a unit. */
async function deathOfLeader(bench: Bench) {
  const { stack, observer, report } = bench;
  const leader = await observer.leader();
  await stack.flotilla(['rebalance', '--max-moves', '6']);
  const unit = await secondsUntil(60, async () => (await napOn(leader, observer)) !== undefined).then(() =>
    napOn(leader, observer),
  );
  const members = await observer.output(leader, `${etcdctl} member list`);
  const id =
    members
      .split('\n')
      .find((line) => line.includes(`, ${leader}, `))
      ?.split(',')[0] ?? '';
  // Only the member that leads now can hand over; the others refuse.
  for (const each of machines) await observer.run(each, `${etcdctl} --endpoints=$local move-leader ${id}`);
  const seconds = await deathOf(leader, unit ?? '', bench);
  report(
    'machine that led engine and etcd killed until its unit is active elsewhere',
    atMost(seconds, 25, 's'),
  );
}

/** `etcdctl` as root, with the settings that every member's machine has; `$local` is the machine's own member. */
const etcdctl = 'set -a; . /etc/flotilla/etcdctl.env; set +a; local=https://127.0.0.1:2379; etcdctl';

async function napOn(machine: string, observer: Observer): Promise<string | undefined> {
  for (const unit of naps) if ((await observer.activeOn(unit)).includes(machine)) return unit;
  return undefined;
}

/** One machine can't reach the others for a minute. SSH goes another way and stays. */
async function networkCut({ stack, observer, report }: Bench) {
  const [machine = ''] = await observer.activeOn('nap@1.service');
  const control = networkPaths(join(stack.machines, '..')).control;
  await askControl(control, { command: 'fault', machine, fault: { cut: true } }, 5000);
  await sleep(60_000);
  await askControl(control, { command: 'heal' }, 5000);
  const seconds = await secondsUntil(120, async () => {
    const copies = await Promise.all(naps.map((unit) => copiesOf(unit, observer)));
    return copies.every((count) => count === 1);
  });
  report(
    'network of one machine cut for 60 s and healed: one copy of each unit after',
    atMost(seconds, 15, 's'),
  );
}

/** Asked of systemd itself, on every machine: the cluster's own view is what is on trial. */
async function copiesOf(unit: string, observer: Observer): Promise<number> {
  const states = await Promise.all(
    machines.map((machine) => observer.run(machine, `systemctl is-active ${unit}`)),
  );
  return states.filter(({ stdout }) => stdout.trim() === 'active').length;
}

/** All of etcd down for two minutes. */
async function etcdAway({ observer, report }: Bench) {
  const before = await invocations(observer, naps);
  const [machine = ''] = await observer.activeOn(fenced);
  await Promise.all(machines.map((each) => observer.output(each, 'systemctl stop etcd')));
  const away = performance.now();
  const stopped = await secondsUntil(120, async () => {
    const { stdout } = await observer.run(machine, `systemctl is-active ${fenced}`);
    return stdout.trim() !== 'active';
  });
  await sleep(120_000 - (performance.now() - away));
  const during = await invocations(observer, naps);
  await Promise.all(machines.map((each) => observer.output(each, 'systemctl start --no-block etcd')));
  report('etcd down for 2 min: unfenced units stopped', exactly(differing(before, during), 0, 'units'));
  report('etcd down for 2 min: fenced unit stopped after', atMost(stopped, leaseSeconds + 1.5, 's'));
  await secondsUntil(120, async () => (await observer.activeOn(fenced)).length === 1);
  report(
    'etcd back: unfenced units stopped',
    exactly(differing(before, await invocations(observer, naps)), 0, 'units'),
  );
}

/** What a machine's lease lasts; see src/push/agent-files.ts. */
const leaseSeconds = 9;

/** All processors of all machines busy for five minutes, and etcd's leader killed every 30 s. */
async function starved({ stack, observer, report, log }: Bench) {
  const before = await invocations(observer, naps);
  write(stack, 'burn.service', burner);
  await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  for (let kill = 1; kill <= 10; kill++) {
    await sleep(30_000);
    const leader = await etcdLeader(observer);
    if (leader) await observer.run(leader, 'systemctl kill --signal=SIGKILL etcd');
    log(`etcd on ${leader ?? 'no machine (none leads)'} killed, ${kill} of 10`);
  }
  const stopped = differing(before, await invocations(observer, naps));
  report('5 min at full load, etcd leader killed 10 times: units stopped', exactly(stopped, 0, 'units'));
}

async function etcdLeader(observer: Observer): Promise<string | undefined> {
  for (const machine of machines) {
    const { stdout } = await observer.run(machine, `${etcdctl} --endpoints=$local endpoint status -w fields`);
    const value = (name: string) => new RegExp(`"${name}" : (\\d+)`).exec(stdout)?.[1];
    if (value('Leader') !== undefined && value('Leader') === value('MemberID')) return machine;
  }
  return undefined;
}

/** `machine unit` → systemd's id of this run of it, of those that run. */
async function invocations(observer: Observer, units: readonly string[]): Promise<Map<string, string>> {
  const show = `for u in ${units.join(' ')}; do systemctl is-active -q $u && echo $u $(systemctl show --value -p InvocationID $u); done; true`;
  const found = await Promise.all(
    machines.map(async (machine) => {
      const lines = (await observer.output(machine, show)).split('\n').filter((line) => line !== '');
      return lines.map((line): [string, string] => {
        const [unit = '', id = ''] = line.split(' ');
        return [`${machine} ${unit}`, id];
      });
    }),
  );
  return new Map(found.flat());
}

/** Units that ran before and do not run any more, or not without a break. */
function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  return [...before].filter(([unit, id]) => after.get(unit) !== id).length;
}
