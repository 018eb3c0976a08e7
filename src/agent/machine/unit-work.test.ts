import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SimulatedCluster, type SimulatedMachine } from '../simulated-cluster.ts';

const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: 'launched' as const,
});

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

async function statusOf(name: string) {
  const { units } = await cluster.units();
  return units.find((each) => each.name === name)?.states[0];
}

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
