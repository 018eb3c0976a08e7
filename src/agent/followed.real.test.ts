import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type EtcdProcess, startEtcd } from '../../test/contract/etcd-process.ts';
import { freePort } from '../../test/contract/free-port.ts';
import { systemClock } from '../store/clock.ts';
import { readCluster } from '../store/cluster-state.ts';
import { EtcdStore } from '../store/etcd.ts';
import { runAgent } from './agent.ts';
import { applyChange, parseChange } from './api/change.ts';
import { setCordon } from './api/cordon.ts';
import { FakeImageHost } from './image/fake-image-host.ts';
import { FollowedServices } from './machine/followed.ts';
import { serveFollowed } from './serve-followed.ts';
import { FakeSystemd } from './systemd/fake-systemd.ts';

jest.setTimeout(120_000);

const address = '127.0.0.1';
const unit = 'app@1.service';
/** Milliseconds between two questions of the load balancer, which believes the second answer that is alike. */
const interval = 300;
const threshold = 2;
const followed = { services: [{ service: 'app', port: 5001 }], notice: (interval * threshold) / 1000 + 0.4 };

let etcd: EtcdProcess;
let store: EtcdStore;
let machines: Machine[];

beforeAll(async () => {
  etcd = await startEtcd();
  store = new EtcdStore({ endpoints: [etcd.endpoint] });
  machines = await Promise.all(['1', '2', '3'].map(startMachine));
});
afterAll(async () => {
  for (const { end } of machines ?? []) await end();
  await store?.close();
  await etcd?.remove();
});

type Machine = Awaited<ReturnType<typeof startMachine>>;

async function listening(server: Server): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A real agent, whose instance of the service is a real server: what reaches it after it was told to stop, is noted. */
async function startMachine(digit: string) {
  const systemd = new FakeSystemd();
  const late: string[] = [];
  let served = 0;
  let stopping = true;
  const instance = createServer((_, response) => {
    served += 1;
    if (stopping) late.push(`core-${digit}`);
    response.end('hello');
  });
  const [start, stop] = [systemd.start.bind(systemd), systemd.stop.bind(systemd)];
  systemd.start = async (units) => {
    stopping = false;
    await start(units);
  };
  systemd.stop = async (units) => {
    stopping = true;
    await stop(units);
  };
  const port = await listening(instance);
  const checkPort = await freePort();
  let agent = startAgent(digit, systemd, checkPort);
  return {
    name: `core-${digit}`,
    late,
    port,
    checkPort,
    served: () => served,
    runs: () => !stopping,
    async restart() {
      await agent.end();
      agent = startAgent(digit, systemd, checkPort);
    },
    async end() {
      await agent.end();
      instance.close();
      instance.closeAllConnections();
    },
  };
}

function startAgent(digit: string, systemd: FakeSystemd, checkPort: number) {
  const own = new EtcdStore({ endpoints: [etcd.endpoint] });
  const services = new FollowedServices(systemClock, followed);
  const stop = new AbortController();
  const machine = {
    ...{ id: digit.repeat(32), name: `core-${digit}`, address: `10.0.0.${digit}`, metadata: {} },
    ...{ capacity: { cpus: 1, memory: 1024 }, version: '1', bootId: 'boot' },
  };
  const log = () => undefined;
  const imageHost = new FakeImageHost(machine.id, new Map());
  const options = {
    ...{ store: own, systemd, clock: systemClock, log, machine, leaseTtl: 5 },
    ...{ followed: services, imageHost },
  };
  const ended = Promise.all([
    runAgent(options, stop.signal),
    serveFollowed({ address, port: checkPort }, (path) => services.answer(path), log, stop.signal),
  ]);
  const end = async () => {
    stop.abort();
    await ended;
    await own.close();
  };
  return { end };
}

/** The status, or 0 when there is no answer. */
function ask(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get({ host: address, port, path, agent: false, timeout: 1000 }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}

/** Asks each agent, and sends requests to the instances of those that are ready, all the time. */
function balance() {
  const up = new Set<string>();
  const failed: string[] = [];
  const stop = new AbortController();
  const follow = async ({ name, checkPort }: Machine, at: number) => {
    await sleep(at * 97);
    for (let against = 0; !stop.signal.aborted; await sleep(interval)) {
      const isReady = (await ask(checkPort, '/services/app/5001')) === 200;
      against = isReady === up.has(name) ? 0 : against + 1;
      if (against < threshold) continue;
      against = 0;
      if (isReady) up.add(name);
      else up.delete(name);
    }
  };
  const send = async () => {
    for (; !stop.signal.aborted; await sleep(10))
      for (const { name, port } of machines)
        if (up.has(name) && (await ask(port, '/')) !== 200) failed.push(name);
  };
  const ended = Promise.all([...machines.map(follow), send()]);
  return {
    leadsTo: () => [...up].sort(),
    failed,
    async end() {
      stop.abort();
      await ended;
    },
  };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) if (await condition()) return;
  throw new Error(`waited 20 s in vain for ${what}`);
}

const change = async (more: string) => {
  const contents = `[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nService=app\nPort=5001\n${more}`;
  await applyChange(
    store,
    parseChange({ put: [{ name: unit, contents, targetState: 'launched' }], destroy: [] }),
  );
};

test('no request is sent to an instance after it was told to stop, while it moves, changes and agents restart', async () => {
  await until('members', async () => (await readCluster(store)).machines.length === 3);
  const balancer = balance();
  const host = () => machines.find(({ runs }) => runs());
  const settled = () => until('the load balancer', () => balancer.leadsTo().join() === host()?.name);
  await change('');
  await until('the instance', () => host() !== undefined);
  await settled();
  for (const round of [1, 2]) {
    const from = host();
    await setCordon(store, from?.name ?? '', { drain: true, reason: `round ${round}` });
    await until('the move', () => from?.runs() === false && host() !== undefined);
    await settled();
    expect(host()?.name).not.toBe(from?.name);
    await setCordon(store, from?.name ?? '', undefined);
    await host()?.restart();
    await settled();
    const before = host()?.served() ?? 0;
    await change(`Weight=${round + 1}\n`);
    await sleep(4000);
    await settled();
    await until('requests', () => (host()?.served() ?? 0) > before);
  }
  await applyChange(store, parseChange({ put: [], destroy: [unit] }));
  await until('the end', () => host() === undefined);
  await sleep(1000);
  await balancer.end();
  expect(machines.flatMap(({ late }) => late)).toEqual([]);
  expect(balancer.failed).toEqual([]);
  expect(balancer.leadsTo()).toEqual([]);
  const total = machines.reduce((sum, { served }) => sum + served(), 0);
  expect(total).toBeGreaterThan(200);
});
