import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { writeCertificates } from '../../test/contract/certificates.ts';
import { type EtcdProcess, startEtcd, startEtcdCluster } from '../../test/contract/etcd-process.ts';
import { startProxy, type TcpProxy } from '../../test/contract/tcp-proxy.ts';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { createOwnLeaf } from '../pki/own-leaf.ts';
import { systemClock } from './clock.ts';
import { type EtcdOptions, EtcdStore } from './etcd.ts';
import { type MirrorView, mirror } from './mirror.ts';
import type { Change, Store } from './store.ts';

jest.setTimeout(90_000);

let etcd: EtcdProcess;
let proxy: TcpProxy;
const opened: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  etcd = await startEtcd();
  proxy = await startProxy(etcd.endpoint);
});

afterEach(async () => {
  proxy.mend();
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

afterAll(async () => {
  await proxy?.close();
  await etcd?.remove();
});

function open(endpoints: readonly string[], options: Partial<EtcdOptions> = {}): EtcdStore {
  const store = new EtcdStore({ endpoints, ...options });
  opened.push(store);
  return store;
}

function put(store: Store, key: string, value = 'x', lease?: string) {
  return store.transact({
    compare: [],
    success: [{ put: key, value, ...(lease === undefined ? {} : { lease }) }],
  });
}

function etcdctl(endpoint: string, ...argv: readonly string[]) {
  return promisify(execFile)('etcdctl', [`--endpoints=${endpoint}`, ...argv], {
    env: { ...process.env, ETCDCTL_API: '3' },
  });
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(50);
}

/** A mirror of `/m/` and what it says. */
function follow(store: Store) {
  const stop = new AbortController();
  const log: string[] = [];
  let view: MirrorView | undefined;
  const onChange = (changed: MirrorView) => {
    view = changed;
  };
  const options = { store, prefix: '/m/', clock: systemClock, log: (line: string) => void log.push(line) };
  const ended = mirror({ ...options, onChange }, stop.signal);
  const keys = () => [...(view?.entries ?? [])].map(([key, { value }]) => `${key}=${value}`).sort();
  opened.push({
    close: () => {
      stop.abort();
      return ended;
    },
  });
  return { keys, log };
}

describe('a half-open connection', () => {
  test('to the only endpoint is made anew before a lease ends', async () => {
    const store = open([proxy.address]);
    const lease = await store.grant(9);
    await put(store, '/lease', 'x', lease.id);
    const before = proxy.accepted;
    proxy.cut('half-open');
    await eventually(() => proxy.accepted > before);
    await put(store, '/after', 'x', lease.id);
    // More than was left of the lifetime: it was renewed over the new connection.
    await sleep(10_000);
    expect(lease.lost.aborted).toBe(false);
  });

  test('to one of several costs a call, and a watch there ends because of it', async () => {
    // The watch itself would ask for a sign of life once a minute.
    const store = open([proxy.address, etcd.endpoint], { progressPeriod: 60_000 });
    const { keys } = follow(store);
    await put(store, '/m/a');
    await eventually(() => keys().length === 1);
    proxy.cut('half-open');
    await put(store, '/m/b');
    await eventually(() => keys().length === 2);
    await store.transact({ compare: [], success: [{ deletePrefix: '/m/' }] });
  });
});

describe('a connection that breaks in the middle of an answer', () => {
  const names = Array.from({ length: 1500 }, (_, at) => `/big/${String(at).padStart(4, '0')}`);
  beforeAll(async () => {
    const store = open([etcd.endpoint]);
    await store.transact({
      compare: [],
      success: names.map((key) => ({ put: key, value: 'x'.repeat(100) })),
    });
  });

  test.each([100, 9, 20_000])('after %i bytes: another endpoint gives the whole answer', async (bytes) => {
    const store = open([proxy.address, etcd.endpoint]);
    await store.list('/none');
    proxy.cut({ kind: 'truncate', bytes });
    expect((await store.list('/big/')).keys.map(({ key }) => key)).toEqual(names);
  });

  test('by a reset: another endpoint answers', async () => {
    const store = open([proxy.address, etcd.endpoint]);
    await store.list('/none');
    proxy.cut('reset');
    expect((await store.list('/big/')).keys).toHaveLength(names.length);
  });

  test('without another endpoint: it says so', async () => {
    const store = open([proxy.address]);
    await store.list('/none');
    proxy.cut({ kind: 'truncate', bytes: 5000 });
    await expect(store.list('/big/')).rejects.toMatchObject({ name: 'Unreachable' });
  });
});

test('a slow network is no dead one', async () => {
  proxy.cut({ kind: 'delay', milliseconds: 300 });
  const store = open([proxy.address]);
  const lease = await store.grant(5);
  await put(store, '/slow', 'x', lease.id);
  await sleep(6000);
  expect(lease.lost.aborted).toBe(false);
  expect((await store.list('/slow')).keys).toMatchObject([{ lease: lease.id }]);
});

test('a member that is slow is asked for one thing at a time, beside leases', async () => {
  const store = open([proxy.address]);
  await store.list('/none');
  const lease = await store.grant(9);
  proxy.cut({ kind: 'delay', milliseconds: 1050 });
  await store.list('/none');
  const ended: number[] = [];
  const asked = [0, 1, 2, 3, 4, 5].map(async (number) => {
    await store.list('/none');
    ended.push(number);
  });
  await asked[0];
  await sleep(1000);
  expect(ended).toEqual([0]);
  await Promise.all(asked);
  // They take longer than it lives.
  expect(lease.lost.reason).toBeUndefined();
});

test('a slow member that falls silent is asked in vain by one, and the others that wait hear of it', async () => {
  const store = open([proxy.address]);
  await store.list('/none');
  proxy.cut({ kind: 'delay', milliseconds: 1050 });
  await store.list('/none');
  proxy.cut({ kind: 'hang' });
  const began = performance.now();
  const asked = Array.from({ length: 12 }, () => store.list('/none'));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(asked.map(() => 'rejected'));
  // Each twice with 5 s for an answer: one after the other that is two minutes.
  expect(performance.now() - began).toBeLessThan(30_000);
  proxy.mend();
  expect((await store.list('/none')).keys).toEqual([]);
});

test('a member that is slow is not connected to again and again', async () => {
  const store = open([proxy.address]);
  await store.list('/none');
  // There and back more than the two seconds that a quick member has.
  proxy.cut({ kind: 'delay', milliseconds: 1050 });
  await store.list('/none');
  const before = proxy.accepted;
  for (let calls = 0; calls < 5; calls++) await store.list('/none');
  expect(proxy.accepted).toBe(before);
});

describe('a mirror', () => {
  test.each(['refuse', 'hang', 'reset'] as const)(
    'is true again after an outage (%s) in which its revision was compacted',
    async (fault) => {
      const other = open([etcd.endpoint]);
      await other.transact({ compare: [], success: [{ deletePrefix: '/m/' }] });
      await put(other, '/m/gone');
      const { keys, log } = follow(open([proxy.address], { progressPeriod: 500 }));
      await eventually(() => keys().length === 1);
      // Listed is not watched: a fault before the watch stands is another one, with another message.
      await put(other, '/m/watched');
      await eventually(() => keys().length === 2);
      proxy.cut(fault);
      await other.transact({ compare: [], success: [{ deletePrefix: '/m/' }] });
      await put(other, '/m/new', '1');
      const { revision } = await put(other, '/m/new', '2');
      await etcdctl(etcd.endpoint, 'compact', String(revision));
      await eventually(() => log.length === 1);
      proxy.mend();
      await eventually(() => log.length === 2);
      expect(keys()).toEqual(['/m/new=2']);
      await put(other, '/m/more');
      await eventually(() => keys().length === 2);
      expect(log).toEqual([
        expect.stringMatching(/^\/m\/ can't be followed: the watch on \/m\/ broke/),
        '/m/ can be followed again',
      ]);
    },
  );

  test('is true again after a restart of etcd', async () => {
    const other = open([etcd.endpoint]);
    await other.transact({ compare: [], success: [{ deletePrefix: '/m/' }, { put: '/n', value: '' }] });
    const { keys } = follow(open([etcd.endpoint]));
    await put(other, '/m/before');
    await eventually(() => keys().length === 1);
    await etcd.restart();
    await put(open([etcd.endpoint]), '/m/after');
    await eventually(() => keys().length === 2);
  });
});

describe('a member without its majority', () => {
  let members: readonly EtcdProcess[];
  beforeAll(async () => {
    members = await startEtcdCluster(3);
  });
  afterAll(async () => {
    for (const member of members ?? []) member.resume();
    await Promise.all((members ?? []).map((member) => member.remove()));
  });

  afterEach(() => {
    for (const member of members) member.resume();
  });

  test('ends its watches, and calls say what is missing', async () => {
    const [first, ...others] = members;
    const store = open([first?.endpoint ?? '']);
    const { revision } = await put(store, '/w/1');
    const changes = store.watch('/w/', revision + 1n, new AbortController().signal);
    const next: Promise<IteratorResult<Change>> = changes[Symbol.asyncIterator]().next();
    const broken = expect(next).rejects.toMatchObject({ name: 'Unreachable' });
    for (const member of others) member.pause();
    await broken;
    await expect(store.list('/w/')).rejects.toThrow(
      /its members have no majority: start the etcd machines that are down/,
    );
  });

  test('is passed over', async () => {
    const [first, second] = members;
    const store = open([first?.endpoint ?? '', second?.endpoint ?? '']);
    await put(store, '/w/1');
    first?.pause();
    await put(store, '/w/2');
  });
});

test('a watch whose reader takes its time is no dead one, and tells all', async () => {
  const store = open([etcd.endpoint], { progressPeriod: 100 });
  const { revision } = await store.list('/slow/');
  await put(store, '/slow/1');
  const seen: string[] = [];
  for await (const { key } of store.watch('/slow/', revision + 1n, new AbortController().signal)) {
    if (seen.push(key) === 3) break;
    await sleep(1000);
    await put(store, `/slow/${seen.length + 1}`);
  }
  expect(seen).toEqual(['/slow/1', '/slow/2', '/slow/3']);
});

test('a full database takes no writes, and the way out in docs/etcd.md works', async () => {
  const full = await startEtcd(undefined, { 'quota-backend-bytes': String(2 * 1024 * 1024) });
  const store = open([full.endpoint]);
  const lease = await store.grant(3);
  const fill = async () => {
    for (let at = 0; at < 200; at++) await put(store, '/fill', 'x'.repeat(100_000));
  };
  await expect(fill()).rejects.toMatchObject({
    name: 'OutOfSpace',
    message: expect.stringContaining('docs/etcd.md'),
  });
  expect((await store.list('/fill')).keys).toHaveLength(1);
  const { revision } = await store.list('/fill');
  await etcdctl(full.endpoint, 'compact', '--physical', String(revision));
  await etcdctl(full.endpoint, 'defrag');
  await etcdctl(full.endpoint, 'alarm', 'disarm');
  await put(store, '/again');
  expect(lease.lost.aborted).toBe(false);
  await full.remove();
});

describe('a certificate', () => {
  const past = new Date(Date.now() - 10 * 24 * 60 * 60 * 1000);
  let folder: string;
  let authority: Authority;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-expired-'));
    authority = await createAuthority({ name: 'test' });
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function storeWith(server: { days?: number }, client: { days?: number; authority?: Authority }) {
    const age = ({ days }: { days?: number }) => (days === undefined ? {} : { days, now: past });
    const files = await writeCertificates(await mkdtemp(join(folder, 'server-')), authority, age(server));
    const secured = await startEtcd(files);
    opened.push({ close: () => secured.remove() });
    const signer = client.authority ?? authority;
    const leaf = await createOwnLeaf({
      authority: signer,
      commonName: 'a',
      usages: ['client'],
      ...age(client),
    });
    const tls = { ca: authority.certificate, cert: leaf.certificate, key: leaf.privateKey };
    return open([secured.endpoint], { tls });
  }

  test('of ours that expired is named, with its date', async () => {
    const store = await storeWith({}, { days: 1 });
    await expect(store.list('/')).rejects.toThrow(/own certificate expired on .*npm run up -- --refresh/);
  });

  test('of etcd’s that expired is told from one of ours', async () => {
    const store = await storeWith({ days: 1 }, {});
    await expect(store.list('/')).rejects.toThrow(/certificate has expired.*npm run up -- --refresh/);
  });

  test('of another authority is told from an etcd that is down', async () => {
    const store = await storeWith({}, { authority: await createAuthority({ name: 'test' }) });
    await expect(store.list('/')).rejects.toThrow(/npm run up -- --refresh/);
  });
});
