import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setCordon } from './api/cordon.ts';
import { SimulatedCluster, type SimulatedMachine } from './simulated-cluster.ts';

/** As on DigitalOcean by default, in milliseconds; see `noticeOf`. */
const interval = 3000;
const threshold = 2;
const notice = 8;
const path = '/services/app/5001';

/**
 * A load balancer as clouds make them: it asks each machine at its own times, and leads to those that were ready as often
 * as not in a row. One that can't be asked counts as one that is not.
 */
class Balancer {
  readonly #cluster: SimulatedCluster;
  readonly #streaks = new Map<string, { up: boolean; against: number }>();
  #ended = false;

  constructor(cluster: SimulatedCluster, phases: readonly number[]) {
    this.#cluster = cluster;
    for (const [at, machine] of cluster.machines.entries()) {
      this.#streaks.set(machine.name, { up: false, against: 0 });
      cluster.clock.after(phases[at] ?? 0, () => this.#ask(machine));
    }
  }

  end(): void {
    this.#ended = true;
  }

  leadsTo(name: string): boolean {
    return this.#streaks.get(name)?.up ?? false;
  }

  #ask(machine: SimulatedMachine): void {
    if (this.#ended) return;
    const streak = this.#streaks.get(machine.name) ?? { up: false, against: 0 };
    const isReady = machine.answers && machine.followed?.answer(path) === 'ready';
    streak.against = isReady === streak.up ? 0 : streak.against + 1;
    if (streak.against === threshold) {
      streak.up = isReady;
      streak.against = 0;
    }
    this.#cluster.clock.after(interval, () => this.#ask(machine));
  }
}

let cluster: SimulatedCluster;
let balancer: Balancer;
/** Units that were stopped while the balancer led to them. */
let cutOff: string[];
const seconds = (count: number) => cluster.clock.advance(count * 1000);

async function begin(phases: readonly number[]): Promise<void> {
  cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
  cutOff = [];
  for (const machine of cluster.machines) {
    machine.asked = { services: [{ service: 'app', port: 5001 }], notice };
    const { systemd, name } = machine;
    const stop = systemd.stop.bind(systemd);
    systemd.stop = async (units) => {
      if (balancer.leadsTo(name)) cutOff.push(...units.map((unit) => `${unit} on ${name}`));
      await stop(units);
    };
  }
  balancer = new Balancer(cluster, phases);
  await cluster.start();
}

beforeEach(() => begin([0, 1000, 2999]));
afterEach(async () => {
  balancer.end();
  await cluster.stop();
  expect(cutOff).toEqual([]);
});

const app = (more = '', name = 'app@1.service') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nService=app\nPort=5001\n${more}`,
  targetState: 'launched' as const,
});

const ledTo = () => cluster.machines.flatMap(({ name }) => (balancer.leadsTo(name) ? name : []));

async function hostOf(name: string): Promise<SimulatedMachine> {
  for (const machine of cluster.machines) if ((await machine.running()).includes(name)) return machine;
  throw new Error(`${name} runs nowhere`);
}

/** Seconds from now until the unit's stop is asked for there. */
async function untilStopped({ systemd }: SimulatedMachine, name: string): Promise<number> {
  for (let waited = 0; waited <= 60; waited += 1) {
    if (systemd.calls.includes(`stop ${name}`)) return waited;
    await seconds(1);
  }
  throw new Error(`${name} was not stopped within a minute`);
}

describe('a load balancer', () => {
  test('leads to the machine whose unit is ready, and to no other', async () => {
    for (const { unready } of cluster.machines) unready.add('app@1.service');
    await cluster.apply({ put: [app('Ready=http :5001\n')] });
    await seconds(20);
    expect(ledTo()).toEqual([]);
    const host = await hostOf('app@1.service');
    host.unready.clear();
    await seconds(10);
    expect(ledTo()).toEqual([host.name]);
    host.unready.add('app@1.service');
    await seconds(20);
    expect(ledTo()).toEqual([]);
  });

  test('has the time to notice before a unit is stopped that is taken away', async () => {
    await cluster.apply({ put: [app()] });
    await seconds(20);
    const host = await hostOf('app@1.service');
    await cluster.apply({ put: [], destroy: ['app@1.service'] });
    expect(await untilStopped(host, 'app@1.service')).toBeGreaterThanOrEqual(notice);
    expect(ledTo()).toEqual([]);
  });

  test('follows a unit that moves', async () => {
    await cluster.apply({ put: [app()] });
    await seconds(20);
    const from = await hostOf('app@1.service');
    await setCordon(cluster.store, from.name, { drain: true, reason: 'new disk' });
    await untilStopped(from, 'app@1.service');
    await seconds(10);
    const to = await hostOf('app@1.service');
    expect(to.name).not.toBe(from.name);
    expect(ledTo()).toEqual([to.name]);
  });

  test('follows a rollout from machine to machine', async () => {
    const everywhere = '[X-Fleet]\nGlobal=true\n';
    await cluster.apply({ put: [app(everywhere, 'front.service')] });
    await seconds(20);
    expect(ledTo()).toEqual(['core-1', 'core-2', 'core-3']);
    cluster.takeCalls();
    await cluster.apply({ put: [app(`MaxUnavailable=1\n${everywhere}`, 'front.service')] });
    let fewest = 3;
    for (let waited = 0; waited < 90; waited += 1) {
      await seconds(1);
      fewest = Math.min(fewest, ledTo().length);
    }
    const stops = cluster.takeCalls().filter((call) => call.includes('stop'));
    expect(stops).toHaveLength(3);
    expect(fewest).toBeGreaterThanOrEqual(1);
    expect(ledTo()).toHaveLength(3);
  });

  test('loses nobody while agents restart, etcd in reach or not', async () => {
    await cluster.apply({ put: [app('Ready=http :5001\n')] });
    await seconds(20);
    const host = await hostOf('app@1.service');
    const seen = new Set<string>();
    const watch = async (count: number) => {
      for (let at = 0; at < count; at += 1) {
        await seconds(1);
        seen.add(ledTo().join());
      }
    };
    await host.end();
    host.boot();
    await watch(30);
    await host.end();
    host.boot();
    host.store.reachable = false;
    await watch(60);
    expect([...seen]).toEqual([host.name]);
    host.store.reachable = true;
    await seconds(30);
  });

  test('has its time also when the agent restarts while a unit waits for its end', async () => {
    await cluster.apply({ put: [app()] });
    await seconds(20);
    const host = await hostOf('app@1.service');
    await cluster.apply({ put: [], destroy: ['app@1.service'] });
    await seconds(5);
    await host.end();
    host.boot();
    expect(await untilStopped(host, 'app@1.service')).toBeGreaterThanOrEqual(notice - 1);
  });

  test('has its time also when a unit went while the agent was away', async () => {
    await cluster.apply({ put: [app()] });
    await seconds(20);
    const host = await hostOf('app@1.service');
    await host.end();
    await cluster.apply({ put: [], destroy: ['app@1.service'] });
    await seconds(2);
    host.boot();
    await untilStopped(host, 'app@1.service');
  });
});

test('what comes in place of a unit that runs on waits for it', async () => {
  for (const name of ['core-2', 'core-3'])
    await setCordon(cluster.store, name, { drain: false, reason: 'full' });
  await cluster.apply({ put: [app()] });
  await seconds(20);
  const next = app('[X-Fleet]\nConflicts=app@*.service\n', 'next.service');
  await cluster.apply({ put: [next], destroy: ['app@1.service'] });
  const host = cluster.get('core-1');
  await untilStopped(host, 'app@1.service');
  await seconds(5);
  const { calls } = host.systemd;
  expect(calls.indexOf('start next.service')).toBeGreaterThan(calls.indexOf('stop app@1.service'));
  expect(await host.running()).toEqual(['next.service']);
});

test('a unit whose service nobody follows waits for no load balancer', async () => {
  const db = app('Ready=tcp :5432\nDeregistrationDelay=0\n', 'db.service');
  await cluster.apply({ put: [{ ...db, contents: db.contents.replace('5001', '5432') }] });
  await seconds(20);
  const host = await hostOf('db.service');
  await cluster.apply({ put: [], destroy: ['db.service'] });
  expect(await untilStopped(host, 'db.service')).toBeLessThanOrEqual(1);
});

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'no unit is stopped while it is led to, whatever the times are at which it is asked (%s)',
  async (seed) => {
    balancer.end();
    await cluster.stop();
    await begin([seed * 251, seed * 607, seed * 911].map((phase) => phase % interval));
    await cluster.apply({ put: [app(), app('', 'app@2.service')] });
    await seconds(20 + seed / 7);
    const host = await hostOf('app@1.service');
    await setCordon(cluster.store, host.name, { drain: true, reason: 'new disk' });
    await seconds(10 + seed / 3);
    await setCordon(cluster.store, host.name, undefined);
    await cluster.apply({ put: [app('Weight=2\n'), app('Weight=2\n', 'app@2.service')] });
    await seconds(60);
  },
);
