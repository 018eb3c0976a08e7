import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cordonKey } from '../store/keys.ts';
import { setCordon } from './api/cordon.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

const launched = 'launched' as const;
const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: launched,
});
const drain = { drain: true, reason: 'new disk' };
const cordon = { drain: false, reason: 'looks odd' };

describe('cordon and drain', () => {
  let cluster: SimulatedCluster;
  const seconds = (count: number) => cluster.clock.advance(count * 1000);
  const set = (machine: string, wanted: (typeof drain & { force?: boolean }) | undefined) =>
    setCordon(cluster.store, machine, wanted);

  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
    await cluster.start();
  });
  afterEach(() => cluster.stop());

  async function withUnits(...units: ReturnType<typeof unit>[]) {
    await cluster.apply({ put: units });
    await seconds(1);
    cluster.takeCalls();
  }

  test('a cordoned machine keeps what it has and gets nothing new', async () => {
    await withUnits(unit('a.service'), unit('b.service'), unit('c.service'));
    const before = await cluster.get('core-2').running();
    expect(await set('core-2', cordon)).toMatchObject({ name: 'core-2', cordon });
    await withUnits(...['d', 'e', 'f', 'g'].map((name) => unit(`${name}.service`)));
    expect(await cluster.get('core-2').running()).toEqual(before);
    await set('core-2', undefined);
    await withUnits(unit('h.service'));
    expect(await cluster.get('core-2').running()).toEqual([...before, 'h.service']);
  });

  test('a drained machine gives its units away, global ones excepted', async () => {
    await withUnits(unit('a.service'), unit('b.service'), unit('g.service', '[X-Fleet]\nGlobal=true\n'));
    await set('core-1', drain);
    await seconds(2);
    expect(await cluster.get('core-1').running()).toEqual(['g.service']);
    expect(
      Object.values(await cluster.running())
        .flat()
        .sort(),
    ).toEqual(['a.service', 'b.service', 'g.service', 'g.service', 'g.service']);
  });

  test('a template’s instances leave one after the other', async () => {
    const names = ['web@1.service', 'web@2.service', 'web@3.service', 'web@4.service'];
    await set('core-2', drain);
    await set('core-3', drain);
    await withUnits(...names.map((name) => unit(name)));
    expect(await cluster.get('core-1').running()).toEqual(names);
    await set('core-2', undefined);
    await set('core-3', undefined);
    // While core-2 starts nothing, what came there is not ready, so no other instance may leave.
    for (const name of names)
      for (const other of ['core-2', 'core-3']) cluster.get(other).systemd.refused.add(name);
    await set('core-1', drain);
    await seconds(20);
    const left = names.length - (await cluster.get('core-1').running()).length;
    expect(left).toBe(1);
    for (const other of ['core-2', 'core-3']) cluster.get(other).systemd.refused.clear();
    await seconds(60);
    expect(await cluster.get('core-1').running()).toEqual([]);
    expect(
      Object.values(await cluster.running())
        .flat()
        .sort(),
    ).toEqual(names);
  });

  test('none leaves while another one crashes in a loop, though systemd calls that one active in between', async () => {
    await withUnits(...['web@1.service', 'web@2.service', 'web@3.service'].map((name) => unit(name)));
    const { systemd } = cluster.get('core-1');
    expect(await cluster.get('core-1').running()).toEqual(['web@1.service']);
    for (let round = 0; round < 10; round++) {
      if (round === 3) await set('core-2', drain);
      systemd.crashToRestart('web@1.service');
      await cluster.clock.advance(500);
      systemd.restart('web@1.service');
      await seconds(3);
    }
    expect(await cluster.get('core-2').running()).toEqual(['web@2.service']);
    await seconds(10);
    expect(await cluster.get('core-2').running()).toEqual([]);
  });

  test('a unit that nobody else takes stays and runs', async () => {
    const { id } = cluster.get('core-2').machine;
    await withUnits(unit('a.service', `[X-Fleet]\nMachineID=${id}\n`));
    await set('core-2', drain);
    await seconds(60);
    expect(await cluster.get('core-2').running()).toEqual(['a.service']);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('one that is drained by force keeps nothing, not even what is global or fits nowhere else', async () => {
    const { id } = cluster.get('core-2').machine;
    await withUnits(
      unit('a.service', `[X-Fleet]\nMachineID=${id}\n`),
      unit('b.service'),
      unit('g.service', '[X-Fleet]\nGlobal=true\n'),
    );
    await set('core-2', { ...drain, force: true });
    await seconds(5);
    expect(await cluster.get('core-2').running()).toEqual([]);
    const { units } = await cluster.units();
    const placed = units.flatMap(({ placements }) => placements.map(({ machineId }) => machineId));
    expect(placed).not.toContain(id);
    expect(units.find(({ name }) => name === 'a.service')?.pending).toBeDefined();
    await set('core-2', undefined);
    await seconds(5);
    expect(await cluster.get('core-2').running()).toEqual(['a.service', 'g.service']);
  });

  test('a drained machine that reboots is still drained', async () => {
    const machine = cluster.get('core-3');
    await set('core-3', drain);
    await machine.kill();
    machine.systemd.reboot();
    await seconds(1000);
    machine.boot();
    await seconds(30);
    await withUnits(...['a', 'b', 'c', 'd'].map((name) => unit(`${name}.service`)));
    expect(await machine.running()).toEqual([]);
    expect((await cluster.store.list(cordonKey(machine.machine.id))).keys).toHaveLength(1);
  });

  test('asking twice writes once; machines go by id as well', async () => {
    const { id } = cluster.get('core-1').machine;
    await set(id, drain);
    const { revision } = await cluster.store.list('/');
    await set('core-1', drain);
    await set('core-2', undefined);
    expect((await cluster.store.list('/')).revision).toBe(revision);
  });

  test('an unknown machine is refused with the names there are', async () => {
    await expect(set('core-7', drain)).rejects.toThrow(
      'there is no machine core-7; there are core-1, core-2, core-3',
    );
  });
});
