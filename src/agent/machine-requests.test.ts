import { beforeEach, describe, expect, test } from '@jest/globals';
import { sampleMachine } from '../scheduler/sample.ts';
import { readCluster } from '../store/cluster-state.ts';
import { FakeClock } from '../store/fake-clock.ts';
import { encodeMachine, machineKey } from '../store/keys.ts';
import { MemoryStore } from '../store/memory.ts';
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
