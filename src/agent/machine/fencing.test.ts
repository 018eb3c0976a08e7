import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sampleStatus } from '../../scheduler/rollout-sample.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { encodeStatus, statusKey } from '../../store/keys.ts';
import { setCordon } from '../api/cordon.ts';
import { SimulatedCluster, type SimulatedMachine } from '../simulated-cluster.ts';
import { fenceSeconds } from '../systemd/fence-seconds.ts';

const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: 'launched' as const,
});
const fenced = (name: string, more = '') => unit(name, `[X-Flotilla]\nFence=stop\n${more}`);

let cluster: SimulatedCluster;
const seconds = (count: number) => cluster.clock.advance(count * 1000);
beforeEach(async () => {
  cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
  await cluster.start();
});
afterEach(() => cluster.stop());

async function whereIs(name: string): Promise<SimulatedMachine> {
  for (const machine of cluster.machines) if ((await machine.running()).includes(name)) return machine;
  throw new Error(`${name} runs nowhere`);
}

/** Lets time pass in small steps; the most machines that ran the unit at one moment, and how many do at the end. */
async function copies(name: string, time: number): Promise<{ most: number; last: number }> {
  let [most, last] = [0, 0];
  for (let passed = 0; passed < time; passed += 0.25) {
    await seconds(0.25);
    const running = await cluster.running();
    last = Object.values(running).filter((units) => units.includes(name)).length;
    most = Math.max(most, last);
  }
  return { most, last };
}

async function follower(name: string): Promise<SimulatedMachine> {
  await cluster.apply({ put: [fenced(name), unit('b.service'), unit('c.service')] });
  await seconds(2);
  const machine = await whereIs(name);
  if (machine !== (await cluster.leader())) return machine;
  // The engine is to go on while the unit's machine is cut off.
  await machine.end();
  machine.boot();
  await seconds(2);
  return machine;
}

// A machine that answers is left its units for ten minutes, also the one that it has stopped.
test.each([
  ['cut', 60],
  ['crash', 640],
] as const)('%s: stops before it is started elsewhere, nothing else does', async (fault, time) => {
  const machine = await follower('a.service');
  await cluster.apply({ put: [unit('beside.service', '[X-Fleet]\nMachineOf=a.service\n')] });
  await seconds(60);
  await machine[fault]();
  expect(await copies('a.service', time)).toEqual({ most: 1, last: 1 });
  expect(await whereIs('a.service')).not.toBe(machine);
  expect(await machine.running()).toEqual(['beside.service']);
});

test('is waited for where it was, and the note of that goes half a minute later', async () => {
  const machine = await follower('a.service');
  await seconds(60);
  machine.systemd.slow.set('a.service', 20_000);
  const noted = async () => (await readCluster(cluster.store)).leaving;
  await setCordon(cluster.store, machine.name, { drain: true, reason: 'new disk' });
  await seconds(10);
  expect(await noted()).toEqual([[machine.machine.id, 'a.service']]);
  expect(await copies('a.service', 30)).toEqual({ most: 1, last: 1 });
  expect(await whereIs('a.service')).not.toBe(machine);
  expect(await noted()).toHaveLength(1);
  await seconds(30);
  expect(await noted()).toEqual([]);
});

test('is started though another machine claims it that never had it', async () => {
  const status = sampleStatus('a.service', 9, 'f'.repeat(64));
  const put = statusKey(status.machineId, 'a.service');
  await cluster.store.transact({ compare: [], success: [{ put, value: encodeStatus(status) }] });
  await cluster.apply({ put: [fenced('a.service')] });
  await seconds(5);
  await whereIs('a.service');
});

test('says why it stops, as soon as the lease is lost', async () => {
  const machine = await follower('a.service');
  await seconds(60);
  machine.cut();
  await seconds(10 + fenceSeconds.kill);
  expect(machine.log).toContain(
    'stop a.service: this machine has lost its lease and the unit has Fence=stop',
  );
});

test('is stopped without etcd, and started again where it was when etcd is back', async () => {
  const machine = await follower('a.service');
  await seconds(60);
  for (const { store } of cluster.machines) store.reachable = false;
  await seconds(120);
  expect(Object.values(await cluster.running()).flat()).toEqual(['b.service', 'c.service']);
  for (const { store } of cluster.machines) store.reachable = true;
  expect(await copies('a.service', 60)).toEqual({ most: 1, last: 1 });
  expect(await whereIs('a.service')).toBe(machine);
});

test('is not touched by an agent that restarts, nor by a short cut', async () => {
  const machine = await follower('a.service');
  await seconds(60);
  cluster.takeCalls();
  await machine.end();
  await seconds(5);
  machine.boot();
  await seconds(30);
  machine.cut();
  await seconds(6);
  machine.heal();
  await seconds(30);
  expect(cluster.takeCalls()).toEqual([]);
  expect(await machine.running()).toContain('a.service');
});

test('is stopped where it is before it starts where it is to go', async () => {
  const machine = await follower('a.service');
  machine.systemd.slow.set('a.service', 20_000);
  const elsewhere = cluster.machines.find((one) => one !== machine);
  await cluster.apply({ put: [fenced('a.service', `[X-Fleet]\nMachineID=${elsewhere?.machine.id}\n`)] });
  expect(await copies('a.service', 60)).toEqual({ most: 1, last: 1 });
  expect(await whereIs('a.service')).toBe(elsewhere);
});
