import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rebalanceKey } from '../../store/keys.ts';
import { setCordon } from '../api/cordon.ts';
import { requestRebalance } from '../api/rebalance-request.ts';
import { SimulatedCluster } from '../simulated-cluster.ts';

describe('rebalance', () => {
  let cluster: SimulatedCluster;
  const seconds = (count: number) => cluster.clock.advance(count * 1000);
  const waiting = async () => (await cluster.store.list(rebalanceKey)).keys.length;
  const counts = async () => Object.values(await cluster.running()).map((units) => units.length);

  /** All units on core-1, and the other machines free again. */
  async function fullMachine(names: readonly string[]) {
    for (const name of ['core-2', 'core-3']) {
      await setCordon(cluster.store, name, { drain: false, reason: 'for now' });
    }
    const contents = '[Service]\nExecStart=/bin/sleep inf\n';
    await cluster.apply({ put: names.map((name) => ({ name, contents, targetState: 'launched' })) });
    await seconds(1);
    for (const name of ['core-2', 'core-3']) await setCordon(cluster.store, name, undefined);
    await seconds(60);
    cluster.takeCalls();
  }

  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
    await cluster.start();
  });
  afterEach(() => cluster.stop());

  test('nothing moves by itself; what is asked for moves, and no more', async () => {
    await fullMachine(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.service`));
    expect(await counts()).toEqual([6, 0, 0]);
    const { moves } = await requestRebalance(cluster.store, 2);
    expect(moves).toHaveLength(2);
    await seconds(10);
    expect(await counts()).toEqual([4, 1, 1]);
    expect(await waiting()).toBe(0);
  });

  test('instances of a template move one after the other, until the load is even', async () => {
    await fullMachine([1, 2, 3, 4, 5, 6].map((number) => `web@${number}.service`));
    const { moves } = await requestRebalance(cluster.store, 10);
    expect(moves).toHaveLength(4);
    await seconds(60);
    expect(await counts()).toEqual([2, 2, 2]);
    expect(await waiting()).toBe(0);
  });

  test('a new leader goes on where the old one was', async () => {
    await fullMachine([1, 2, 3, 4, 5, 6].map((number) => `web@${number}.service`));
    for (const name of ['core-2', 'core-3']) cluster.get(name).systemd.refused.add('web@1.service');
    await requestRebalance(cluster.store, 4);
    await seconds(5);
    const leader = await cluster.leader();
    await leader.end();
    leader.boot();
    for (const name of ['core-2', 'core-3']) cluster.get(name).systemd.refused.clear();
    await seconds(120);
    expect(await counts()).toEqual([2, 2, 2]);
    expect(await waiting()).toBe(0);
  });

  test('a request that finds nothing to move is not left', async () => {
    await fullMachine(['a.service']);
    expect(await requestRebalance(cluster.store, 3)).toEqual({ moves: [], pending: [] });
    expect(await waiting()).toBe(0);
  });

  test('a request whose units do not become ready is dropped after ten minutes', async () => {
    await fullMachine([1, 2, 3, 4, 5, 6].map((number) => `web@${number}.service`));
    for (const name of ['core-2', 'core-3']) {
      for (const number of [1, 2, 3, 4, 5, 6]) cluster.get(name).systemd.refused.add(`web@${number}.service`);
    }
    await requestRebalance(cluster.store, 4);
    await seconds(300);
    expect(await waiting()).toBe(1);
    await seconds(400);
    expect(await waiting()).toBe(0);
    expect(await counts()).toEqual([5, 0, 0]);
  });
});
