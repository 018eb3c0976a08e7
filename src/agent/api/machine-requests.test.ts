import { beforeEach, describe, expect, test } from '@jest/globals';
import { sampleMachine } from '../../scheduler/sample.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { FakeClock } from '../../store/fake-clock.ts';
import {
  addressKey,
  cordonKey,
  encodeAddress,
  encodeCordon,
  encodeMachine,
  machineKey,
  memberKey,
} from '../../store/keys.ts';
import { MemoryStore } from '../../store/memory.ts';
import { findRoute } from './find-route.ts';
import { RecentStops } from './fleet/recent-stops.ts';
import { Snapshots } from './fleet/snapshots.ts';
import { RequestCounts } from './request-counts.ts';
import { routes } from './routes.ts';
import { machinesReply } from './views.ts';

describe('POST /flotilla/v1/machines/<name or id>/…', () => {
  let store: MemoryStore;
  beforeEach(async () => {
    store = new MemoryStore(new FakeClock());
    const success = [1, 2].map((number) => {
      const machine = sampleMachine(number);
      return { put: machineKey(machine.id), value: encodeMachine(machine) };
    });
    await store.transact({ compare: [], success });
  });

  async function post(path: string, body?: object) {
    const { route, parameters } = findRoute(routes, 'POST', `/flotilla/v1/${path}`);
    const context = {
      store,
      machineId: '1',
      version: '1',
      requests: new RequestCounts(),
      stops: new RecentStops(),
      snapshots: new Snapshots(),
    };
    const { signal } = new AbortController();
    return route.handle(context, { parameters, body, query: new URLSearchParams(), signal });
  }

  const cordons = async () => {
    const { machines } = machinesReply(await readCluster(store));
    return Object.fromEntries(machines.map(({ name, cordon }) => [name, cordon]));
  };

  test('cordon, drain and uncordon show at once', async () => {
    const reply = await post('machines/core-1/cordon', { reason: 'looks odd' });
    expect(reply).toMatchObject({
      status: 200,
      json: { name: 'core-1', cordon: { drain: false, reason: 'looks odd' } },
    });
    await post(`machines/${sampleMachine(2).id}/drain`);
    expect(await cordons()).toEqual({
      'core-1': { drain: false, reason: 'looks odd' },
      'core-2': { drain: true, reason: 'drain was asked for' },
    });
    await post('machines/core-1/drain', { reason: 'new disk' });
    await post('machines/core-2/uncordon');
    expect(await cordons()).toEqual({
      'core-1': { drain: true, reason: 'new disk' },
      'core-2': undefined,
    });
  });

  test('a drain by force is known as one, a cordon has none', async () => {
    await post('machines/core-1/drain', { reason: 'gone', force: true });
    await post('machines/core-2/cordon', { reason: 'gone', force: true });
    expect(await cordons()).toEqual({
      'core-1': { drain: true, reason: 'gone', force: true },
      'core-2': { drain: false, reason: 'gone' },
    });
    await post('machines/core-1/drain', { reason: 'gone' });
    expect(await cordons()).toMatchObject({ 'core-1': { drain: true, reason: 'gone' } });
  });

  describe('a machine that is off', () => {
    const off = sampleMachine(3);
    const cordon = { drain: true, reason: 'new disk' };
    const keyOf = async () => (await store.list(cordonKey(off.id))).keys.map(({ value }) => value);
    const put = (key: string, value: string) =>
      store.transact({ compare: [], success: [{ put: key, value }] });

    test.each([
      ['one of the stack', memberKey(off.id)],
      ['one that was met before', addressKey(off.id)],
    ])('is cordoned and uncordoned by name: %s', async (_, key) => {
      await put(memberKey(sampleMachine(1).id), encodeAddress(sampleMachine(1)));
      await put(key, encodeAddress(off));
      const { id, name, address } = off;
      const reply = await post('machines/core-3/drain', { reason: 'new disk' });
      expect(reply).toMatchObject({ status: 200, json: { id, name, address, cordon } });
      expect(await keyOf()).toEqual([encodeCordon(cordon)]);
      expect(await post('machines/core-3/uncordon')).toMatchObject({ json: { id, name, address } });
      expect(await keyOf()).toEqual([]);
    });

    test('is uncordoned by id if that is all that is known', async () => {
      await put(cordonKey(off.id), encodeCordon(cordon));
      expect(await post(`machines/${off.id}/uncordon`)).toMatchObject({ status: 200, json: { id: off.id } });
      expect(await keyOf()).toEqual([]);
    });

    test('does not hide the one that took its name', async () => {
      await put(addressKey(off.id), encodeAddress({ ...off, name: 'core-1' }));
      await post('machines/core-1/drain');
      expect(await keyOf()).toEqual([]);
      expect(await cordons()).toMatchObject({ 'core-1': { drain: true } });
    });
  });

  test.each([
    ['machines/core-9/drain', {}, 404, 'there is no machine core-9; there are core-1, core-2'],
    ['machines/core-1/drain', { why: 'x' }, 400, 'why'],
    ['machines/core-1/cordon', { reason: 7 }, 400, 'reason'],
    ['rebalance', { maxMoves: 0 }, 400, 'maxMoves'],
    ['rebalance', undefined, 400, ''],
  ])('%s with %j is refused', async (path, body, status, message) => {
    await expect(post(path, body)).rejects.toMatchObject({
      status,
      message: expect.stringContaining(message),
    });
  });

  test('two machines of one name have to be told apart by id', async () => {
    const twin = { ...sampleMachine(3), name: 'core-1' };
    await store.transact({
      compare: [],
      success: [{ put: machineKey(twin.id), value: encodeMachine(twin) }],
    });
    await expect(post('machines/core-1/drain')).rejects.toMatchObject({ status: 409 });
    expect(await post(`machines/${twin.id}/drain`)).toMatchObject({ status: 200 });
  });
});
