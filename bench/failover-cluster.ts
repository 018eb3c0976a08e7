import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { graceSeconds } from '../src/agent/engine/grace.ts';
import { networkPaths } from '../src/qemu/paths.ts';
import { createStack, type Stack } from '../test/cluster/stack.ts';
import type { Log, Report } from './benchmark.ts';
import { type Member, Observer, poll } from './observer.ts';
import { Recorder } from './recorder.ts';
import { succeed, takeDown } from './runs.ts';
import { machinesWith, type Sighting } from './timeline.ts';

export const naps: readonly string[] = [1, 2, 3, 4, 5, 6].map((instance) => `nap@${instance}.service`);
export const fenced = 'fenced.service';

const sleeper = '[Service]\nExecStart=/bin/sleep infinity\n';
const units = [...naps, fenced];

/** Seconds until a cluster that does not become whole is given up. */
const patience = 300;

/** Seconds of rest before something fails. A machine that has just come back is trusted only after `newSession`. */
const rest = graceSeconds.newSession + 5;

/** Three machines with units to lose, and what looks at them from outside. */
export class FailoverCluster {
  readonly stack: Stack;
  readonly report: Report;
  readonly log: Log;
  #observer: Observer;
  #recorder: Recorder;

  constructor(stack: Stack, observer: Observer, report: Report, log: Log) {
    this.stack = stack;
    this.report = report;
    this.log = log;
    this.#observer = observer;
    this.#recorder = new Recorder(observer, units);
  }

  get observer(): Observer {
    return this.#observer;
  }

  get recorder(): Recorder {
    return this.#recorder;
  }

  /** The control socket of the switch between the machines. */
  get control(): string {
    return networkPaths(join(this.stack.machines, '..')).control;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.stack.clone, 'units', 'failover', name), text);
  }

  /** Starts what does not run, and finds the machines anew: a machine that was started again has other ports. */
  async up(): Promise<void> {
    await succeed(this.stack, ['up', '--yes', '--skip-preview', '--refresh'], () => undefined);
    await this.#observer.close();
    this.#observer = await Observer.of(this.stack);
    this.#recorder = new Recorder(this.#observer, units);
  }

  /** Returns when all machines and etcd members are there, each unit runs once, and all had time to come to rest. */
  async settle(): Promise<void> {
    await this.recorder.start();
    let missing = '';
    const whole = await poll(patience, 5, async () => {
      missing = await this.#missing().catch((error: unknown) => `it can't be asked: ${error}`);
      return missing === '' ? true : undefined;
    });
    if (!whole) throw new Error(`not whole after ${patience} s: ${missing}`);
    await sleep(rest * 1000);
    this.log(`at rest; load average ${loadavg()[0]?.toFixed(1)}`);
  }

  /** Machines on which the unit has processes now. */
  async machinesWith(unit: string): Promise<string[]> {
    return machinesWith(await this.recorder.read(), unit);
  }

  /** The machine that has the unit, of which there is one copy after `settle`. */
  async homeOf(unit: string): Promise<string> {
    const [home] = await this.machinesWith(unit);
    if (home === undefined) throw new Error(`${unit} runs nowhere`);
    return home;
  }

  /** One of the naps on the machine, which gets one if it has none. */
  async napOn(machine: string): Promise<string> {
    const look = async () => napIn(await this.recorder.read(), machine);
    const there = await look();
    if (there !== undefined) return there;
    await this.observer.rebalance(naps.length);
    const moved = await poll(60, 2, look);
    if (moved === undefined) throw new Error(`no unit came to ${machine} by a rebalance`);
    await sleep(10_000);
    return moved;
  }

  /** The member that leads etcd, asked on any machine but those left out. */
  async etcdLeader(without: readonly string[] = []): Promise<Member | undefined> {
    const machine = this.observer.machines.find((name) => !without.includes(name)) ?? '';
    return (await this.observer.etcd(machine)).find(({ leads }) => leads);
  }

  async end(): Promise<void> {
    await this.#observer.close();
    await takeDown(this.stack, this.log);
  }

  /** What keeps the cluster from being whole, in words; empty when nothing does. */
  async #missing(): Promise<string> {
    const { machines } = this.observer;
    const [sightings, { present, leader }, members] = await Promise.all([
      this.recorder.read(),
      this.observer.members(),
      this.observer.etcd(machines[0] ?? ''),
    ]);
    const wrong = units.filter((unit) => machinesWith(sightings, unit).length !== 1);
    return [
      ...machines.filter((name) => !present.includes(name)).map((name) => `${name} is no member`),
      ...wrong.map((unit) => `${unit} runs ${machinesWith(sightings, unit).length} times`),
      ...(leader === undefined ? ['nobody leads the engine'] : []),
      ...(members.some(({ leads }) => leads) ? [] : ['nobody leads etcd']),
      ...(members.length < machines.length ? [`${members.length} members of etcd answer`] : []),
    ].join(', ');
  }
}

export async function startFailoverCluster(report: Report, log: Log): Promise<FailoverCluster> {
  const stack = createStack('failover', {
    machines: { core: { count: 3, etcd: true } },
    units: ['units/failover'],
  });
  stack.mkdir('units/failover');
  const folder = join(stack.clone, 'units', 'failover');
  writeFileSync(join(folder, 'nap@.service'), sleeper);
  writeFileSync(join(folder, fenced), `${sleeper}[X-Flotilla]\nFence=stop\n`);
  writeFileSync(join(folder, 'units.yaml'), `instances: { nap@.service: ${naps.length} }\n`);
  try {
    await succeed(stack, ['stack', 'init'], log);
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    return new FailoverCluster(stack, await Observer.of(stack), report, log);
  } catch (error) {
    await takeDown(stack, log);
    throw error;
  }
}

function napIn(sightings: readonly Sighting[], machine: string): string | undefined {
  return naps.find((unit) => machinesWith(sightings, unit).includes(machine));
}
