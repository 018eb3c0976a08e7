import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type EtcdProcess, startEtcd } from '../../test/contract/etcd-process.ts';
import { systemClock } from '../store/clock.ts';
import { readCluster } from '../store/cluster-state.ts';
import { EtcdStore } from '../store/etcd.ts';
import { runAgent } from './agent.ts';
import { applyChange, parseChange } from './api/change.ts';
import { graceSeconds } from './engine/grace.ts';
import { FakeImageHost } from './image/fake-image-host.ts';
import { FakeSystemd } from './systemd/fake-systemd.ts';

jest.setTimeout(120_000);

let etcd: EtcdProcess;
beforeAll(async () => {
  etcd = await startEtcd();
});
afterAll(() => etcd?.remove());

const ids = ['1', '2', '3'].map((digit) => digit.repeat(32));

function startAgent(id: string) {
  const store = new EtcdStore({ endpoints: [etcd.endpoint] });
  const systemd = new FakeSystemd();
  const stop = new AbortController();
  const log: string[] = [];
  const machine = {
    id,
    name: `core-${id[0]}`,
    address: `10.0.0.${id[0]}`,
    metadata: {},
    capacity: { cpus: 1, memory: 1024 },
    version: '1',
    bootId: 'boot',
  };
  const say = (line: string) => void log.push(line);
  const imageHost = new FakeImageHost(id, new Map());
  const options = { store, systemd, clock: systemClock, log: say, machine, leaseTtl: 2, imageHost };
  const ended = runAgent(options, stop.signal);
  /** As SIGKILL: the lease runs out by itself. */
  const kill = async () => {
    stop.abort();
    await store.close();
    await ended;
  };
  return { id, systemd, log, kill };
}

async function until<T>(seconds: number, look: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited ${seconds} s in vain`);
}

test('on a real etcd, units are placed, and move once when their machine dies', async () => {
  const agents = ids.map(startAgent);
  const store = new EtcdStore({ endpoints: [etcd.endpoint] });
  const names = ['a.service', 'b.service', 'c.service'];
  const contents = '[Service]\nExecStart=/bin/sleep inf\n';
  const put = names.map((name) => ({ name, contents, targetState: 'launched' }));
  await until(10, async () => ((await readCluster(store)).machines.length === 3 ? true : undefined));
  await applyChange(store, parseChange({ put, destroy: [] }));
  const { leader } = await until(10, async () => {
    const cluster = await readCluster(store);
    return cluster.statuses.filter(({ active }) => active === 'active').length === 3 ? cluster : undefined;
  });
  const victim = agents.find(({ id }) => id !== leader);
  const moved = (await victim?.systemd.list())?.[0]?.name;
  await sleep(graceSeconds.newSession * 1000);
  for (const { systemd } of agents) systemd.calls.splice(0);
  await victim?.kill();
  const survivors = agents.filter((agent) => agent !== victim);
  const starts = () =>
    survivors.flatMap(({ systemd }) => systemd.calls.filter((call) => call.startsWith('start')));
  await until(15, async () => (starts().length > 0 ? true : undefined));
  await sleep(5000);
  expect(starts()).toEqual([`start ${moved}`]);
  for (const agent of survivors) await agent.kill();
  await store.close();
});
