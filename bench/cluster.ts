import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootIds, leftovers, pidOf, placement, starts, until } from '../test/cluster/observe.ts';
import { type Config, createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { atLeast, atMost, exactly } from './figures.ts';
import { answered, changes, killedUp, killPoints, since, succeed, takeDown } from './runs.ts';

const port = 18080;

/** A folder with a unit that the benchmark may change without disturbing the service beside it. */
function unitFolder(stack: Stack): string {
  const folder = join(stack.clone, 'units', 'bench');
  cpSync(join(stack.clone, 'units', 'hello'), folder, { recursive: true });
  return folder;
}

function ticker(message: string): string {
  return `[Service]\nExecStart=/bin/sh -c 'while :; do echo ${message}; sleep 5; done'\n`;
}

export const clusterParts = ['life', 'kills'];

/** The figures of the first issue's table that need real machines. */
export const cluster: Benchmark = async (report, log, wants) => {
  if (wants('life')) await life(report, log);
  if (wants('kills')) await kills(report, log);
};

/** From nothing to nothing, and what a user does in between. */
async function life(report: Report, log: Log) {
  const stack = createStack('bench', {});
  const units = unitFolder(stack);
  writeFileSync(join(units, 'ticker.service'), ticker('one'));
  const config = (workers: number): Config => ({
    machines: {
      core: { count: 3, etcd: true, publish: { [port]: 8080 } },
      ...(workers > 0 ? { worker: { count: workers } } : {}),
    },
    units: ['units/bench'],
  });
  const up = () => succeed(stack, ['up', '--yes', '--skip-preview'], log);
  await succeed(stack, ['stack', 'init'], log);
  try {
    stack.configure(config(0));
    const start = performance.now();
    await up();
    await answered(`http://127.0.0.1:${port}`, 60);
    report('up of 3 machines until hello answers', atMost(since(start), 180, 's'));

    const unchanged = await succeed(stack, ['up', '--yes'], log);
    report('up with nothing changed', atMost(unchanged.seconds, 6, 's'));
    report('up with nothing changed: changes', exactly(changes(unchanged.output), 0, 'changes'));

    const before = await starts(stack, ['hello@1.service', 'hello@2.service', 'ticker.service']);
    writeFileSync(join(units, 'ticker.service'), ticker('two'));
    report('one unit file changed', atMost((await up()).seconds, 8, 's'));
    const after = await starts(stack, ['hello@1.service', 'hello@2.service', 'ticker.service']);
    const restarted = Object.keys(before).filter((unit) => before[unit] !== after[unit]);
    report('one unit file changed: units restarted', exactly(restarted.length, 1, 'units'));

    const boots = await bootIds(stack, ['core-1', 'core-2', 'core-3']);
    stack.configure(config(1));
    report('one more worker', atMost((await up()).seconds, 75, 's'));
    const same = (await bootIds(stack, ['core-1', 'core-2', 'core-3'])).filter(
      (id, index) => id === boots[index],
    );
    report('one more worker: boot ids unchanged', exactly(same.length, 3, 'machines'));

    await machineKilled(stack, report);
    await destroyWithHungMachine(stack, report, log);
  } finally {
    await takeDown(stack, log);
  }
}

async function machineKilled(stack: Stack, report: Report) {
  const machine = await placement(stack, 'ticker.service');
  const start = performance.now();
  process.kill(pidOf(stack, machine), 'SIGKILL');
  await until(90, async () => {
    const now = await placement(stack, 'ticker.service').catch(() => machine);
    return now !== machine;
  });
  report('machine killed: its unit runs elsewhere', atMost(since(start), 30, 's'));
  await succeed(stack, ['up', '--yes', '--skip-preview', '--refresh'], () => undefined);
}

async function destroyWithHungMachine(stack: Stack, report: Report, log: Log) {
  process.kill(pidOf(stack, 'core-1'), 'SIGSTOP');
  const destroyed = await succeed(stack, ['destroy', '--yes', '--skip-preview'], log);
  report('destroy with one machine stopped', atMost(destroyed.seconds, 15, 's'));
  report('destroy: processes and files left', exactly(leftovers(stack).length, 0, 'things'));
}

/** Moments at which `up` is killed, from its start to its end. */
const killCount = 12;

/**
 * `pulumi up` is killed again and again, each time a little later, and goes on from what it left. A killed run
 * leaves a lock and pending operations in the state; `npm run up` clears them as it does for a user. What is left to do
 * may take less time than the moment of the kill: then that one is made up for from nothing.
 */
async function kills(report: Report, log: Log) {
  const stack = createStack('kills', {
    machines: { core: { count: 1, etcd: true, publish: { [port]: 8080 } } },
    units: ['units/bench'],
  });
  // Two instances of hello would need two machines.
  writeFileSync(join(unitFolder(stack), 'units.yaml'), 'instances: { hello@.service: 1 }\n');
  try {
    const destroy = () => succeed(stack, ['destroy', '--yes', '--skip-preview'], () => undefined);
    const whole = await stack.up({ log });
    if (whole.status !== 0) throw new Error(`up ended with ${whole.status}:\n${whole.output}`);
    await destroy();
    let killed = 0;
    for (const seconds of killPoints(whole.seconds, killCount)) {
      let dead = await killedUp(stack, seconds);
      if (!dead) {
        await destroy();
        dead = await killedUp(stack, seconds);
      }
      killed += Number(dead);
      log(`${killed} kills; the last after ${seconds.toFixed(1)} of ${whole.seconds.toFixed(1)} s`);
    }
    report('SIGKILL of up: points', atLeast(killed, 10, 'kills'));
    const { status } = await stack.up({ log });
    report('SIGKILL of up: exit status of the next one', exactly(status ?? 1, 0, ''));
    const machines = readdirSync(stack.machines);
    report('SIGKILL of up: machines then', exactly(machines.length, 1, 'machines'));
    const destroyed = await stack.pulumi(['destroy', '--yes', '--skip-preview'], { log });
    report('SIGKILL of up: exit status of destroy', exactly(destroyed.status ?? 1, 0, ''));
    report('SIGKILL of up: processes and files left', exactly(leftovers(stack).length, 0, 'things'));
  } finally {
    await takeDown(stack, log);
  }
}
