import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../store/fake-clock.ts';
import { setCordon } from '../api/cordon.ts';
import { Pulse } from '../pulse.ts';
import { SimulatedCluster, SimulatedMachine } from '../simulated-cluster.ts';
import { SecondOpinion } from './second-opinion.ts';

describe('a second opinion', () => {
  const setUp = (dial?: (address: string) => Promise<boolean>) => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const pulse = new Pulse(clock);
    const opinion = new SecondOpinion({ clock, signal: stop.signal, pulse, ...(dial && { dial }) });
    return { clock, stop, opinion };
  };

  test('is asked for until nobody asks any more', async () => {
    const dialled: string[] = [];
    let answers = true;
    const { clock, opinion, stop } = setUp(async (address) => {
      dialled.push(address);
      return answers;
    });
    const machines = new Map([['a', '192.0.2.1']]);
    expect([...opinion.about(machines)]).toEqual([['a', 'asking']]);
    await clock.advance(1000);
    expect([...opinion.about(machines)]).toEqual([['a', 'answers']]);
    answers = false;
    await clock.advance(2000);
    expect([...opinion.about(machines)]).toEqual([['a', 'silent']]);
    expect([...opinion.about(new Map())]).toEqual([]);
    const before = dialled.length;
    await clock.advance(60_000);
    expect(dialled).toHaveLength(before);
    stop.abort();
  });

  test('an error is no answer', async () => {
    const { clock, opinion, stop } = setUp(() => Promise.reject(new Error('no route to host')));
    const machines = new Map([['a', '192.0.2.1']]);
    opinion.about(machines);
    await clock.advance(10);
    expect([...opinion.about(machines)]).toEqual([['a', 'silent']]);
    stop.abort();
  });

  test('where nobody can be called there is none', () => {
    const { opinion } = setUp();
    expect([...opinion.about(new Map([['a', '192.0.2.1']]))]).toEqual([]);
  });
});

describe('a machine without a lease', () => {
  let cluster: SimulatedCluster;
  let leader: SimulatedMachine;
  let other: SimulatedMachine;
  const seconds = (count: number) => cluster.clock.advance(count * 1000);

  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
    await cluster.start();
    const units = ['a', 'b', 'c'].map((name) => ({
      name: `${name}.service`,
      contents: '[Service]\nExecStart=/bin/sleep inf\n',
      targetState: 'launched' as const,
    }));
    await cluster.apply({ put: units });
    await seconds(1);
    leader = await cluster.leader();
    const found = cluster.machines.find((machine) => machine !== leader);
    if (!found) throw new Error('nobody is left');
    other = found;
    cluster.takeCalls();
  });
  afterEach(() => cluster.stop());

  test('keeps its units while it answers, and rejoins without a trace', async () => {
    other.store.reachable = false;
    await seconds(300);
    expect(cluster.takeCalls()).toEqual([]);
    expect(leader.log.join('\n')).toContain(`missing: ${other.name} (answers without a lease)`);
    other.store.reachable = true;
    await seconds(60);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('loses a fenced unit, which it has stopped itself', async () => {
    const { id } = other.machine;
    const fenced = '[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nFence=stop\n';
    for (const { name } of cluster.machines.filter((machine) => machine !== other)) {
      await setCordon(cluster.store, name, { drain: false, reason: 'for now' });
    }
    await cluster.apply({ put: [{ name: 'f.service', contents: fenced, targetState: 'launched' }] });
    await seconds(5);
    expect(await other.running()).toContain('f.service');
    for (const { name } of cluster.machines) await setCordon(cluster.store, name, undefined);
    other.store.reachable = false;
    await seconds(30);
    const { units } = await cluster.units();
    const places = units.flatMap(({ placements }) => placements).filter(({ machineId }) => machineId === id);
    expect(places).toHaveLength(1);
    expect(
      Object.values(await cluster.running())
        .flat()
        .filter((name) => name === 'f.service'),
    ).toHaveLength(1);
    expect(await other.running()).not.toContain('f.service');
  });

  test('loses them when it dies after all', async () => {
    other.store.reachable = false;
    await seconds(60);
    await other.kill();
    await seconds(5);
    expect(cluster.takeCalls().filter((call) => call.includes('start'))).toHaveLength(1);
  });

  test('loses them after ten minutes in any case', async () => {
    other.store.reachable = false;
    await seconds(590);
    expect(cluster.takeCalls()).toEqual([]);
    await seconds(30);
    expect(cluster.takeCalls().filter((call) => call.includes('start'))).toHaveLength(1);
  });

  test('loses them soon when it is cut off, and gives them up when it is back', async () => {
    const had = await other.running();
    other.cut();
    await seconds(20);
    expect(cluster.takeCalls().filter((call) => call.includes('start'))).toHaveLength(1);
    other.heal();
    await seconds(15);
    expect(await other.running()).toEqual([]);
    expect(
      Object.values(await cluster.running())
        .flat()
        .sort(),
    ).toEqual(['a.service', 'b.service', 'c.service']);
    expect(had).toHaveLength(1);
  });

  test('is called by a leader that never saw it', async () => {
    other.store.reachable = false;
    await leader.end();
    await seconds(120);
    expect(cluster.takeCalls().filter((call) => call.startsWith(other.name))).toEqual([]);
    const third = cluster.machines.find((machine) => machine !== leader && machine !== other);
    expect(third?.log.join('\n')).toContain(`${other.name} (answers without a lease)`);
  });

  test('is gone for good once another one is a member at its address', async () => {
    const young = new SimulatedCluster(['core-1', 'core-2']);
    for (const machine of young.machines) machine.boot();
    await young.clock.advance(1000);
    const contents = '[Service]\nExecStart=/bin/sleep inf\n';
    const put = ['a.service', 'b.service'].map((name) => ({
      name,
      contents,
      targetState: 'launched' as const,
    }));
    await young.apply({ put });
    await young.clock.advance(1000);
    const first = await young.leader();
    const dead = young.machines.find((machine) => machine !== first);
    if (!dead) throw new Error('there is one machine');
    await dead.kill();
    await young.clock.advance(9000);
    const machine = { ...dead.machine, id: '9'.repeat(32), bootId: 'first' };
    const heir = new SimulatedMachine(machine, young.clock, young.etcd, async () => true, new Map());
    heir.boot();
    // Without its heir it had 30 s to come back: the leader's own lease is as young as the cluster.
    await young.clock.advance(5000);
    expect(await heir.running()).toHaveLength(1);
    await heir.end();
    await young.stop();
  });
});
