import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RolloutView } from '../../model/api.ts';
import type { RolloutAction } from '../../model/rollout.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { setCordon } from '../api/cordon.ts';
import { changeRollout, rolloutsReply } from '../api/rollout-requests.ts';
import { SimulatedCluster } from '../simulated-cluster.ts';

const name = 'hello@.service';
const hello = (number: number) => `hello@${number}.service`;
const five = [1, 2, 3, 4, 5].map(hello);

const good = (version: string, more = '') => `[Service]\nExecStart=/bin/sleep ${version}\n${more}`;
const bad = '[Service]\nExecStart=/bin/false\n';

function put(names: readonly string[], contents: string) {
  return names.map((unit) => ({ name: unit, contents, targetState: 'launched' as const }));
}

describe('rollouts', () => {
  let cluster: SimulatedCluster;
  const seconds = (count: number) => cluster.clock.advance(count * 1000);

  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
    await cluster.start();
    await cluster.apply({ put: put(five, good('1')) });
    await seconds(10);
    cluster.takeCalls();
  });
  afterEach(() => cluster.stop());

  async function rollout(group = name): Promise<RolloutView | undefined> {
    const { rollouts } = rolloutsReply(await readCluster(cluster.store));
    return rollouts.find((each) => each.name === group);
  }
  const act = (action: RolloutAction) => changeRollout(cluster.store, name, action);

  /** How many units run that have this text in their file. */
  async function runningWith(text: string): Promise<number> {
    const { statuses, files } = await readCluster(cluster.store);
    return statuses.filter(({ hash, active }) => active === 'active' && files.get(hash)?.includes(text))
      .length;
  }

  async function running(): Promise<string[]> {
    return Object.values(await cluster.running())
      .flat()
      .sort();
  }

  /** The fewest units that ran at any moment of the time that passes. */
  async function fewest(time: number): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let step = 0; step < time * 20; step++) {
      await cluster.clock.advance(50);
      least = Math.min(least, (await running()).length);
    }
    return least;
  }

  test('a good version comes one instance after the other', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(2);
    expect(await runningWith('sleep 2')).toBe(1);
    expect(await rollout()).toMatchObject({
      state: 'running',
      updated: 1,
      total: 5,
      reason: expect.stringMatching(/^hello@2\.service on core-\d is next$/),
    });
    expect(await fewest(30)).toBeGreaterThanOrEqual(4);
    expect(await rollout()).toMatchObject({ state: 'complete', updated: 5 });
    expect(await runningWith('sleep 2')).toBe(5);
    const starts = cluster.takeCalls().filter((call) => call.includes(' start '));
    expect(starts.map((call) => call.split(' start ')[1]).sort()).toEqual(five);
  });

  test('of a bad version no more than one instance is down, and all come back', async () => {
    await cluster.apply({ put: put(five, bad) });
    expect(await fewest(30)).toBe(4);
    expect(await running()).toEqual(five);
    expect(await runningWith('sleep 1')).toBe(5);
    expect(await rollout()).toMatchObject({
      state: 'rolled-back',
      updated: 5,
      reason: expect.stringMatching(/^hello@1\.service failed on core-1 \(exit-code\); 5 instances back/),
      failure: {
        unit: hello(1),
        machine: 'core-1',
        journal: [`Starting ${hello(1)}...`, `${hello(1)}: exit-code`],
      },
    });
    const restarted = cluster.takeCalls().filter((call) => call.includes(' start '));
    expect(restarted).toEqual([`core-1: start ${hello(1)}`, `core-1: start ${hello(1)}`]);
  });

  test('the same bad version is tried again when it is applied again', async () => {
    for (const _ of [1, 2]) {
      await cluster.apply({ put: put(five, bad) });
      await seconds(30);
      expect(cluster.takeCalls().filter((call) => call.includes(' start '))).toHaveLength(2);
    }
  });

  test('with Rollback=false it stops where it is', async () => {
    await cluster.apply({ put: put(five, `${bad}[X-Flotilla]\nRollback=false\n`) });
    await seconds(60);
    expect(await rollout()).toMatchObject({ state: 'failed', updated: 0 });
    expect(await running()).toEqual(five.slice(1));
  });

  test('one that never gets ready is given up after RolloutDeadline=', async () => {
    const { systemd } = cluster.get('core-1');
    systemd.refused.add(hello(1));
    await cluster.apply({ put: put(five, good('2', '[X-Flotilla]\nRolloutDeadline=20\n')) });
    await seconds(15);
    expect(await rollout()).toMatchObject({ state: 'running', reason: expect.stringContaining(hello(1)) });
    await seconds(10);
    expect(await rollout()).toMatchObject({
      state: 'rolling-back',
      reason: expect.stringContaining('did not get ready on core-1 within 20 s'),
    });
    systemd.refused.clear();
    await seconds(60);
    expect(await rollout()).toMatchObject({ state: 'rolled-back' });
    expect(await running()).toEqual(five);
  });

  test('a probe has the last word on what is ready', async () => {
    cluster.get('core-1').unready.add(hello(1));
    const probe = '[X-Flotilla]\nReady=http :8080/\nRolloutDeadline=20\n';
    await cluster.apply({ put: put(five, good('2', probe)) });
    await seconds(15);
    expect(await runningWith('sleep 2')).toBe(1);
    await seconds(30);
    expect(await rollout()).toMatchObject({
      state: 'rolled-back',
      reason: expect.stringContaining(`${hello(1)} did not get ready on core-1 within 20 s: answered 503`),
    });
  });

  test('MaxUnavailable= larger than the group changes all at once', async () => {
    await cluster.apply({ put: put(five, good('2', '[X-Flotilla]\nMaxUnavailable=9\n')) });
    await seconds(2);
    expect(await runningWith('sleep 2')).toBe(5);
  });

  test('a unit that is no instance and not global changes at once', async () => {
    const others = ['a.service', 'b.service'];
    await cluster.apply({ put: put(others, good('1')) });
    await seconds(2);
    await cluster.apply({ put: put(others, good('2')) });
    await seconds(2);
    expect(await runningWith('sleep 2')).toBe(2);
    expect(await rollout('a.service')).toBeUndefined();
  });

  test('a global unit rolls machine by machine, and goes back on all', async () => {
    const text = '[X-Fleet]\nGlobal=true\n';
    await cluster.apply({ put: put(['all.service'], good('1', text)) });
    await seconds(10);
    await cluster.apply({ put: put(['all.service'], good('2', text)) });
    await seconds(2);
    expect(await runningWith('sleep 2')).toBe(1);
    await seconds(30);
    expect(await runningWith('sleep 2')).toBe(3);
    expect(await rollout('all.service')).toMatchObject({ state: 'complete', total: 3 });
    await cluster.apply({ put: put(['all.service'], `${bad}${text}`) });
    expect(await fewest(30)).toBe(7);
    expect(await runningWith('sleep 2')).toBe(3);
    expect(await rollout('all.service')).toMatchObject({
      state: 'rolled-back',
      failure: { machine: 'core-1' },
    });
  });

  test('new instances and a new template are no rollout', async () => {
    await cluster.apply({ put: put([hello(6), hello(7)], good('1')) });
    await cluster.apply({ put: put(['new@1.service', 'new@2.service'], good('1')) });
    await seconds(2);
    expect((await running()).length).toBe(9);
    expect(rolloutsReply(await readCluster(cluster.store)).rollouts).toEqual([]);
  });

  test('paused it waits, resumed it goes on', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(2);
    expect(await act('pause')).toMatchObject({ state: 'paused', reason: 'paused by an operator' });
    await seconds(300);
    expect(await runningWith('sleep 2')).toBe(1);
    await act('resume');
    await seconds(60);
    expect(await rollout()).toMatchObject({ state: 'complete', updated: 5 });
  });

  test('undone it goes back, one instance after the other', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(60);
    await act('undo');
    await seconds(2);
    expect(await runningWith('sleep 1')).toBe(1);
    await seconds(60);
    expect(await runningWith('sleep 1')).toBe(5);
    expect(await rollout()).toMatchObject({
      state: 'rolled-back',
      reason: 'undone by an operator; 5 instances back at the version before',
    });
  });

  test('what can not be done is refused with the reason', async () => {
    await expect(act('pause')).rejects.toMatchObject({ status: 404, message: expect.stringContaining(name) });
    await cluster.apply({ put: put(five, bad) });
    await seconds(60);
    await expect(act('pause')).rejects.toMatchObject({
      status: 409,
      message: `the rollout of ${name} is rolled-back: nothing to pause`,
    });
    await expect(act('undo')).rejects.toMatchObject({ status: 409 });
  });

  test('an instance that moves takes its version along until its turn', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(2);
    await act('pause');
    const leader = await cluster.leader();
    await cluster.machines.find((machine) => machine !== leader)?.kill();
    await seconds(30);
    expect(await runningWith('sleep 2')).toBe(1);
    expect(await runningWith('sleep 1')).toBe(4);
    await act('resume');
    await seconds(120);
    expect(await rollout()).toMatchObject({ state: 'complete', updated: 5 });
    expect(await runningWith('sleep 2')).toBe(5);
  });

  test('a new leader goes on with it', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(7);
    const leader = await cluster.leader();
    await leader.kill();
    await seconds(180);
    expect(await rollout()).toMatchObject({ state: 'complete', updated: 5, total: 5 });
  });

  test('a version that fails after a new leader came is taken back too', async () => {
    await cluster.apply({ put: put(five.slice(0, 4), good('2')).concat(put([hello(5)], bad)) });
    await seconds(12);
    const leader = await cluster.leader();
    await leader.end();
    await seconds(5);
    leader.boot();
    await seconds(180);
    expect(await rollout()).toMatchObject({ state: 'rolled-back', failure: { unit: hello(5) } });
    expect(await runningWith('sleep 1')).toBe(5);
  });

  test('destroyed in the middle it is forgotten', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(2);
    await cluster.apply({ destroy: [hello(4), hello(5)] });
    await seconds(60);
    expect(await rollout()).toMatchObject({ state: 'complete', total: 3 });
    await cluster.apply({ destroy: five.slice(0, 3) });
    await seconds(5);
    expect((await cluster.store.list('/flotilla/rollouts/')).keys).toEqual([]);
  });

  test('another change in the middle replaces it', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(8);
    await cluster.apply({ put: put(five, bad) });
    expect(await fewest(60)).toBe(4);
    expect(await runningWith('sleep 1')).toBe(5);
    expect(await rollout()).toMatchObject({ state: 'rolled-back' });
  });

  test('files of the last complete version are kept', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(3000);
    await act('undo');
    await seconds(60);
    expect(await runningWith('sleep 1')).toBe(5);
  });

  test('a version that no machine takes costs one instance, for a while', async () => {
    const nowhere = `[X-Fleet]\nMachineID=${'f'.repeat(32)}\n[X-Flotilla]\nRolloutDeadline=20\n`;
    await cluster.apply({ put: put(five, good('2', nowhere)) });
    expect(await fewest(60)).toBe(4);
    expect(await rollout()).toMatchObject({
      state: 'rolled-back',
      reason: expect.stringContaining('did not get ready within 20 s: no machine takes it'),
    });
    expect(await runningWith('sleep 1')).toBe(5);
  });

  test('a drain at the same time takes no more down', async () => {
    await cluster.apply({ put: put(five, good('2')) });
    await seconds(2);
    await setCordon(cluster.store, 'core-1', { drain: true, reason: 'new disk' });
    expect(await fewest(120)).toBeGreaterThanOrEqual(4);
    expect(await rollout()).toMatchObject({ state: 'complete', updated: 5 });
    expect((await cluster.running())['core-1']).toEqual([]);
  });

  test('a machine that was away gets the version when it is back', async () => {
    const text = '[X-Fleet]\nGlobal=true\n';
    await cluster.apply({ put: put(['all.service'], good('1', text)), destroy: five });
    await seconds(10);
    const leader = await cluster.leader();
    const away = cluster.machines.find((machine) => machine !== leader);
    await away?.kill();
    await seconds(60);
    await cluster.apply({ put: put(['all.service'], good('2', text)) });
    await seconds(60);
    expect(await rollout('all.service')).toMatchObject({ state: 'complete', updated: 2, total: 3 });
    away?.boot();
    await seconds(60);
    expect(await runningWith('sleep 2')).toBe(3);
  });

  test('a unit that becomes global, or was until now, changes at once', async () => {
    await cluster.apply({ put: put(['a.service'], good('1')), destroy: five });
    await seconds(10);
    for (const text of ['[X-Fleet]\nGlobal=true\n', '']) {
      await cluster.apply({ put: put(['a.service'], good('2', text)) });
      await seconds(10);
      expect(await runningWith('sleep 2')).toBe(text === '' ? 1 : 3);
      expect(await rollout('a.service')).toBeUndefined();
    }
  });

  test('a rollout of a unit that is not global any more is forgotten', async () => {
    const text = '[X-Fleet]\nGlobal=true\n';
    for (const version of ['1', '2']) {
      await cluster.apply({ put: put(['a.service'], good(version, text)), destroy: five });
      await seconds(3);
    }
    expect(await rollout('a.service')).toMatchObject({ state: 'running' });
    await cluster.apply({ put: put(['a.service'], good('3')) });
    await seconds(10);
    expect(await runningWith('sleep 3')).toBe(1);
    expect((await cluster.store.list('/flotilla/rollouts/')).keys).toEqual([]);
  });

  test('a version with other constraints moves instance by instance', async () => {
    const { id } = cluster.get('core-3').machine;
    await cluster.apply({ put: put(five, good('2', `[X-Fleet]\nMachineID=${id}\n`)) });
    await seconds(2);
    expect(await runningWith('sleep 2')).toBe(1);
    expect(await fewest(60)).toBeGreaterThanOrEqual(4);
    expect((await cluster.running())['core-3']).toEqual(five);
  });
});
