import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { leaderKey, machineKey, placementKey, unitKey } from '../store/keys.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

const launched = 'launched' as const;
const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: launched,
});
const three = [unit('a.service'), unit('b.service'), unit('c.service')];

describe('a cluster', () => {
  let cluster: SimulatedCluster;
  const seconds = (count: number) => cluster.clock.advance(count * 1000);
  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
    await cluster.start();
  });
  afterEach(() => cluster.stop());

  async function withUnits(units = three) {
    await cluster.apply({ put: units });
    await seconds(1);
    cluster.takeCalls();
  }

  test('places units, starts them and tells their states', async () => {
    await cluster.apply({ put: three });
    await seconds(1);
    expect(await cluster.running()).toEqual({
      'core-1': ['a.service'],
      'core-2': ['b.service'],
      'core-3': ['c.service'],
    });
    const [first] = (await cluster.units()).units;
    expect(first).toMatchObject({
      name: 'a.service',
      placements: [{ reason: expect.stringContaining('least loaded') }],
      states: [{ load: 'loaded', active: 'active', sub: 'running' }],
    });
    expect(first).not.toHaveProperty('pending');
  });

  test('units placed together are installed together', async () => {
    await cluster.apply({ put: ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => unit(`${name}.service`)) });
    await seconds(1);
    expect(cluster.takeCalls()).toEqual([
      ...['core-1: install a.service d.service remove', 'core-1: start a.service d.service'],
      ...['core-2: install b.service e.service remove', 'core-2: start b.service e.service'],
      ...['core-3: install c.service f.service remove', 'core-3: start c.service f.service'],
    ]);
  });

  test('a unit that can not be started is tried ever less often, and said once', async () => {
    const { systemd, log } = cluster.get('core-1');
    systemd.refused.add('bad.service');
    await cluster.apply({ put: [unit('bad.service')] });
    await seconds(120);
    expect(cluster.takeCalls().filter((call) => call.includes('start')).length).toBeLessThan(10);
    expect(log.filter((line) => line.startsWith('will try again'))).toHaveLength(1);
  });

  test('moves the units of a killed machine, once and only once, within 14 s', async () => {
    await withUnits();
    const victim = cluster.machines.find(({ log }) => !log.includes('leads the cluster now'));
    const lost = await victim?.running();
    await victim?.kill();
    await seconds(14);
    const moved = cluster.takeCalls().filter((call) => call.includes('start'));
    expect(moved).toHaveLength(1);
    expect(moved[0]).toContain(`start ${lost?.join(' ')}`);
    await seconds(600);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('moves the units of a killed leader within 15 s', async () => {
    await withUnits();
    const leader = await cluster.leader();
    const lost = await leader.running();
    await leader.kill();
    await seconds(15);
    expect(cluster.takeCalls().filter((call) => call.includes(`start ${lost[0]}`))).toHaveLength(1);
    expect(await cluster.leader()).not.toBe(leader);
  });

  test('a machine that comes back empty-handed gives up what was moved', async () => {
    await withUnits();
    const leader = await cluster.leader();
    const machine = cluster.machines.find((one) => one !== leader);
    const lost = (await machine?.running()) ?? [];
    await machine?.kill();
    await seconds(60);
    cluster.takeCalls();
    machine?.boot();
    await seconds(5);
    expect(cluster.takeCalls()).toEqual([
      `${machine?.name}: stop ${lost}`,
      `${machine?.name}: install  remove ${lost}`,
    ]);
  });

  test.each([60, 590])('a machine that was away for %s s finds its global units untouched', async (away) => {
    await withUnits([unit('everywhere.service', '[X-Fleet]\nGlobal=true\n')]);
    const leader = await cluster.leader();
    const machine = cluster.machines.find((one) => one !== leader);
    await machine?.kill();
    await seconds(away);
    machine?.boot();
    await seconds(60);
    expect(cluster.takeCalls()).toEqual([]);
    expect(await machine?.running()).toEqual(['everywhere.service']);
  });

  test('what was decided for a machine that never comes back is forgotten', async () => {
    await withUnits([unit('everywhere.service', '[X-Fleet]\nGlobal=true\n')]);
    const leader = await cluster.leader();
    await cluster.machines.find((one) => one !== leader)?.kill();
    await seconds(800);
    expect((await cluster.units()).units[0]?.placements).toHaveLength(2);
  });

  test('nothing is stopped or moved while etcd is away for five minutes', async () => {
    await withUnits();
    const before = await cluster.running();
    for (const { store } of cluster.machines) store.reachable = false;
    await seconds(300);
    expect(cluster.takeCalls()).toEqual([]);
    for (const { store } of cluster.machines) store.reachable = true;
    await seconds(300);
    expect(cluster.takeCalls()).toEqual([]);
    expect(await cluster.running()).toEqual(before);
    expect((await cluster.units()).units.map(({ states }) => states.length)).toEqual([1, 1, 1]);
  });

  test('machines that come back late after an outage keep their units', async () => {
    await withUnits();
    for (const { store } of cluster.machines) store.reachable = false;
    await seconds(300);
    for (const { store } of cluster.machines) {
      store.reachable = true;
      await seconds(10);
    }
    await seconds(300);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('when most machines vanish at once, nothing moves for a minute', async () => {
    await withUnits();
    const leader = await cluster.leader();
    const others = cluster.machines.filter((machine) => machine !== leader);
    for (const { store } of others) store.reachable = false;
    await seconds(65);
    expect(cluster.takeCalls()).toEqual([]);
    for (const { store } of others) store.reachable = true;
    await seconds(60);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('an agent that restarts touches no unit, finished jobs and failed units included', async () => {
    const job = { ...unit('job.service'), contents: '[Service]\nType=oneshot\nExecStart=/bin/true\n' };
    await withUnits([unit('a.service'), unit('b.service'), unit('c.service', 'Restart=no\n'), job]);
    for (const machine of cluster.machines) {
      const [name] = await machine.running();
      if (machine.name === 'core-3' && name) machine.systemd.crash(name);
    }
    await seconds(60);
    for (const machine of cluster.machines) {
      await machine.end();
      await seconds(4);
      machine.boot();
      await seconds(4);
    }
    await seconds(120);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('a machine that reboots starts its units again', async () => {
    await withUnits();
    const machine = cluster.get('core-2');
    const before = await machine.running();
    await machine.kill();
    machine.systemd.reboot();
    await seconds(5);
    machine.boot();
    await seconds(10);
    expect(await machine.running()).toEqual(before);
    expect(cluster.takeCalls().filter((call) => !call.startsWith('core-2'))).toEqual([]);
  });

  test('a changed unit restarts, and nothing else does', async () => {
    await withUnits();
    await cluster.apply({ put: [unit('b.service', 'Nice=5\n'), unit('a.service')] });
    await seconds(1);
    expect(cluster.takeCalls()).toEqual([
      'core-2: stop b.service',
      'core-2: install b.service remove',
      'core-2: start b.service',
    ]);
  });

  test('destroyed units stop, inactive ones leave their machine', async () => {
    await withUnits();
    await cluster.apply({
      put: [{ ...unit('b.service'), targetState: 'inactive' }],
      destroy: ['a.service'],
    });
    await seconds(1);
    expect(await cluster.running()).toEqual({ 'core-1': [], 'core-2': [], 'core-3': ['c.service'] });
    expect((await cluster.units()).units.map(({ name }) => name)).toEqual(['b.service', 'c.service']);
  });

  test('plan says what apply then does', async () => {
    await withUnits();
    const request = {
      put: [
        unit('d.service'),
        unit('b.service', 'Nice=5\n'),
        unit('e.service', '[X-Fleet]\nMachineID=ffffffff\n'),
      ],
      destroy: ['a.service'],
    };
    const plan = await cluster.plan(request);
    expect(await cluster.plan(request)).toEqual(plan);
    await cluster.apply(request);
    await seconds(1);
    const { units } = await cluster.units();
    const placed = units.flatMap(({ placements }) => placements);
    const nameOf = (id: string) => cluster.machines.find(({ machine }) => machine.id === id)?.name;
    for (const { unit: name, machine, reason } of plan.moves) {
      const found = placed.find((placement) => placement.unit === name);
      expect([name, found && nameOf(found.machineId), found?.reason]).toEqual([
        name,
        machine,
        machine && reason,
      ]);
    }
    expect(plan.pending).toEqual([{ unit: 'e.service', reason: expect.any(String) }]);
    expect(units.find(({ name }) => name === 'e.service')?.pending).toBe(plan.pending[0]?.reason);
    expect((await cluster.plan(request)).moves).toEqual([]);
  });

  test('a failed unit says why, and is not started again when its file says so', async () => {
    await withUnits([unit('a.service', 'Restart=no\n')]);
    cluster.get('core-1').systemd.crash('a.service');
    await seconds(120);
    const states = (await cluster.units()).units.flatMap((view) => view.states);
    expect(states.find((state) => state.unit === 'a.service')).toMatchObject({
      active: 'failed',
      failure: { result: 'exit-code', journal: ['Starting a.service...', 'a.service: exit-code'] },
    });
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('that a unit failed is told while its journal is still being read, and holds up nothing else', async () => {
    await withUnits([unit('a.service', 'Restart=no\n')]);
    const { systemd } = cluster.get('core-1');
    systemd.journal = () => new Promise(() => undefined);
    systemd.crash('a.service');
    await cluster.apply({ put: [unit('d.service', '[X-Fleet]\nMachineOf=a.service\n')] });
    await seconds(2);
    const states = (await cluster.units()).units.flatMap((view) => view.states);
    expect(states.find((state) => state.unit === 'a.service')).toMatchObject({
      active: 'failed',
      failure: { result: 'exit-code' },
    });
    expect(states.find((state) => state.unit === 'd.service')).toMatchObject({ active: 'active' });
  });

  test('a systemd that is lost is followed again, and its units run on', async () => {
    await withUnits();
    const { systemd, log } = cluster.get('core-1');
    systemd.lose();
    await seconds(3);
    expect(log.filter((line) => line.startsWith("systemd can't be followed"))).toHaveLength(1);
    systemd.crash('a.service');
    await seconds(1);
    const states = (await cluster.units()).units.flatMap((view) => view.states);
    expect(states.find((state) => state.unit === 'a.service')).toMatchObject({ active: 'failed' });
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('one leads; one that was deposed without knowing can not write', async () => {
    await withUnits();
    const leader = await cluster.leader();
    await cluster.store.transact({ compare: [], success: [{ put: leaderKey, value: 'f'.repeat(32) }] });
    await cluster.apply({ put: [unit('d.service')] });
    await seconds(5);
    expect(cluster.takeCalls()).toEqual([]);
    expect(leader.log.join('\n')).toContain('does not lead the cluster');
    await cluster.store.transact({ compare: [], success: [{ delete: leaderKey }] });
    await seconds(5);
    expect(cluster.takeCalls().filter((call) => call.includes('start'))).toHaveLength(1);
  });

  test('malformed entries are reported and change nothing', async () => {
    await withUnits();
    const { id } = cluster.get('core-1').machine;
    const broken = { ...cluster.get('core-3').machine };
    await cluster.store.transact({
      compare: [],
      success: [
        { put: unitKey('b.service'), value: '{"hash": 7}' },
        { put: machineKey(broken.id), value: 'nonsense' },
        { put: placementKey(id, 'x.service'), value: '' },
      ],
    });
    // A change beside it, while it is still there.
    await cluster.store.transact({
      compare: [],
      success: [{ put: placementKey(id, 'y.service'), value: '' }],
    });
    await seconds(30);
    expect(cluster.takeCalls()).toEqual([]);
    const said = cluster.machines.flatMap(({ log }) => log).join('\n');
    for (const key of [unitKey('b.service'), machineKey(broken.id), placementKey(id, 'x.service')]) {
      expect(said).toContain(`${key} is malformed`);
    }
    expect(said.split(`${placementKey(id, 'x.service')} is malformed, its unit stays`)).toHaveLength(2);
    expect(said).toMatch(
      /units\/b\.service is malformed .*; push the unit again, or delete the key with etcdctl \(docs\/etcd\.md\)/,
    );
  });

  test('files that nothing refers to go away after ten minutes', async () => {
    await withUnits([unit('a.service', 'Nice=1\n'), unit('b.service', 'Nice=2\n'), unit('c.service')]);
    await cluster.apply({ destroy: ['a.service'], put: [unit('b.service', 'Nice=3\n')] });
    const files = async () => (await cluster.store.list('/flotilla/files/')).keys.length;
    await seconds(500);
    expect(await files()).toBe(4);
    await seconds(200);
    expect(await files()).toBe(2);
    // The hash of the file that went is wanted again.
    await cluster.apply({ put: [unit('a.service', 'Nice=1\n')] });
    await seconds(1);
    expect(Object.values(await cluster.running()).flat()).toContain('a.service');
  });
});
