import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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

async function statusOf(name: string) {
  const { units } = await cluster.units();
  return units.find((each) => each.name === name)?.states[0];
}

describe('Fence=stop', () => {
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
});

describe('[Install]', () => {
  const beside = '[X-Fleet]\nMachineOf=a.service\n';

  test('lets a unit that is only loaded run with the one that wants it, as in fleet', async () => {
    const wanted = unit('b.service', `${beside}[Install]\nWantedBy=a.service\n`);
    const loaded = [unit('a.service'), wanted].map((each) => ({ ...each, targetState: 'loaded' as const }));
    await cluster.apply({ put: loaded });
    await seconds(5);
    expect(Object.values(await cluster.running()).flat()).toEqual([]);
    await cluster.apply({ put: [unit('a.service')] });
    await seconds(5);
    expect(await (await whereIs('a.service')).running()).toEqual(['a.service', 'b.service']);
  });

  test('that systemd refuses keeps its unit down, says why and holds up no other', async () => {
    const named = (name: string, more = '') => unit(name, `${more}[Install]\nAlias=web.service\n`);
    await cluster.apply({ put: [named('a.service')] });
    await seconds(5);
    await cluster.apply({ put: [named('b.service', beside), unit('c.service', beside)] });
    await seconds(30);
    const machine = await whereIs('a.service');
    expect(await machine.running()).toEqual(['a.service', 'c.service']);
    expect(machine.log.join('\n')).toMatch(/will try again: b\.service: .*web\.service.* already exists/);
    await cluster.apply({ put: [unit('a.service')] });
    await seconds(300);
    expect(await machine.running()).toEqual(['a.service', 'b.service', 'c.service']);
  });
});

describe('Ready', () => {
  const probed = (name: string) => unit(name, '[X-Flotilla]\nReady=http :8080/health\n');

  test('is told when it changes, and not at every look', async () => {
    await cluster.apply({ put: [probed('a.service')] });
    await seconds(2);
    const machine = await whereIs('a.service');
    const ready = async () => (await statusOf('a.service'))?.ready;
    expect(await ready()).toEqual({ ok: true, detail: 'answered 200' });
    const { revision } = cluster.etcd;
    await seconds(300);
    expect(cluster.etcd.revision).toBe(revision);
    machine.unready.add('a.service');
    await seconds(11);
    expect(await ready()).toEqual({ ok: false, detail: 'answered 503' });
    machine.unready.delete('a.service');
    await seconds(6);
    expect(await ready()).toEqual({ ok: true, detail: 'answered 200' });
    machine.systemd.crash('a.service');
    await seconds(1);
    expect(await ready()).toBeUndefined();
  });

  test('AfterReady waits for a unit on another machine, says so, and never starts twice', async () => {
    for (const { unready } of cluster.machines) unready.add('db.service');
    const away = '[X-Fleet]\nConflicts=db.service\n[X-Flotilla]\nAfterReady=db.service\n';
    await cluster.apply({ put: [probed('db.service'), unit('web.service', away)] });
    await seconds(20);
    expect(await statusOf('web.service')).toMatchObject({
      active: 'inactive',
      started: false,
      waiting: 'waits until db.service is ready',
    });
    (await whereIs('db.service')).unready.delete('db.service');
    await seconds(6);
    const web = await whereIs('web.service');
    expect(web).not.toBe(await whereIs('db.service'));
    expect(await statusOf('web.service')).not.toHaveProperty('waiting');
    (await whereIs('db.service')).unready.add('db.service');
    await seconds(60);
    expect(await web.running()).toContain('web.service');
  });

  test('a unit that nobody has is waited for without a word to etcd', async () => {
    await cluster.apply({ put: [unit('web.service', '[X-Flotilla]\nAfterReady=never.service\n')] });
    await seconds(60);
    const { revision } = cluster.etcd;
    await seconds(600);
    expect(cluster.etcd.revision).toBe(revision);
    expect(await cluster.running()).toEqual({ 'core-1': [], 'core-2': [], 'core-3': [] });
  });
});

describe('a stop that takes long', () => {
  test('holds nothing else up, and what comes after it comes', async () => {
    await cluster.apply({ put: ['a', 'b', 'c'].map((name) => unit(`${name}.service`)) });
    await seconds(2);
    const { systemd } = await whereIs('a.service');
    systemd.slow.set('a.service', 90_000);
    await cluster.apply({
      put: [unit('a.service', 'Nice=5\n'), unit('d.service', '[X-Fleet]\nMachineOf=a.service\n')],
    });
    await seconds(2);
    expect((await statusOf('d.service'))?.active).toBe('active');
    expect((await statusOf('a.service'))?.active).toBe('deactivating');
    await seconds(90);
    expect((await statusOf('a.service'))?.active).toBe('active');
    expect(systemd.calls.filter((call) => call.startsWith('stop'))).toEqual(['stop a.service']);
  });

  test('is waited for by a unit that excludes the one that goes', async () => {
    await cluster.apply({
      put: [unit('anchor.service'), unit('old.service', '[X-Fleet]\nMachineOf=anchor.service\n')],
    });
    await seconds(2);
    const { systemd } = await whereIs('old.service');
    systemd.slow.set('old.service', 30_000);
    const together = '[X-Fleet]\nConflicts=old.service\nMachineOf=anchor.service\n';
    await cluster.apply({ destroy: ['old.service'], put: [unit('new.service', together)] });
    await seconds(2);
    expect(await statusOf('new.service')).toMatchObject({ waiting: 'waits until old.service is stopped' });
    await seconds(30);
    expect((await statusOf('new.service'))?.active).toBe('active');
  });
});
