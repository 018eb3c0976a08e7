import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type EtcdProcess, etcdVersion, startEtcd } from '../../test/contract/etcd-process.ts';
import { freePort } from '../../test/contract/free-port.ts';
import { storeContract } from '../../test/contract/store.ts';
import { startProxy } from '../../test/contract/tcp-proxy.ts';
import { EtcdStore } from './etcd.ts';
import { maxBytes } from './transaction.ts';

jest.setTimeout(60_000);

let etcd: EtcdProcess;
beforeAll(async () => {
  etcd = await startEtcd();
});
afterAll(() => etcd?.remove());

const etcdctl = (...argv: string[]) =>
  promisify(execFile)('etcdctl', [`--endpoints=${etcd.endpoint}`, ...argv], {
    env: { ...process.env, ETCDCTL_API: '3' },
  });

describe('EtcdStore', () => {
  const [, minor, patch] = etcdVersion();
  const options = { exactProgress: minor > 5 || (minor === 5 && patch >= 8) };
  storeContract(async (body) => {
    const proxy = await startProxy(etcd.endpoint);
    const store = new EtcdStore({ endpoints: [proxy.address] });
    const other = new EtcdStore({ endpoints: [etcd.endpoint] });
    try {
      await other.transact({ compare: [], success: [{ deletePrefix: '' }] });
      await body({
        store,
        other,
        compact: async (revision) => void (await etcdctl('compact', String(revision))),
        pass: (seconds) => sleep(seconds * 1000),
        cut: async () => proxy.cut('refuse'),
        mend: async () => {
          proxy.mend();
          // The channel backs off for up to 2 s.
          await sleep(2500);
        },
      });
    } finally {
      await store.close();
      await other.close();
      await proxy.close();
    }
  }, options);

  async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
    const start = performance.now();
    return [await work(), performance.now() - start];
  }

  const write = { compare: [{ key: '/none', createRevision: 0n }], success: [{ put: '/k', value: '1' }] };

  test('etcd takes as many bytes at once as a store promises', async () => {
    const store = new EtcdStore({ endpoints: [etcd.endpoint] });
    const fill = (count: number, bytes: number) => {
      const success = Array.from({ length: count }, (_, at) => ({
        put: `/large/${at}`,
        value: 'x'.repeat(bytes),
      }));
      return store.transact({ compare: [], success });
    };
    await fill(1, maxBytes - 100);
    await fill(2900, Math.floor(maxBytes / 2900) - 50);
    await expect(fill(1, maxBytes)).rejects.toMatchObject({ name: 'TooLarge' });
    await store.close();
  });

  test('an etcd that takes less says so', async () => {
    const small = await startEtcd(undefined, { 'max-request-bytes': '100000' });
    const store = new EtcdStore({ endpoints: [small.endpoint] });
    const large = { put: '/large', value: 'x'.repeat(200_000) };
    await expect(store.transact({ compare: [], success: [large] })).rejects.toMatchObject({
      name: 'TooLarge',
      message: expect.stringContaining('--max-request-bytes'),
    });
    await store.close();
    await small.remove();
  });

  test('passes over an endpoint that refuses, at once', async () => {
    const store = new EtcdStore({ endpoints: [`127.0.0.1:${await freePort()}`, etcd.endpoint] });
    const [, took] = await timed(() => store.list('/'));
    expect(took).toBeLessThan(1000);
    await store.close();
  });

  test.each(['list', 'transact'] as const)('passes over an endpoint that hangs: %s', async (call) => {
    const proxy = await startProxy(etcd.endpoint);
    const store = new EtcdStore({ endpoints: [proxy.address, etcd.endpoint] });
    await store.list('/');
    proxy.cut('hang');
    await sleep(2100);
    const [, took] = await timed<unknown>(() => (call === 'list' ? store.list('/') : store.transact(write)));
    expect(took).toBeLessThan(3000);
    const [, again] = await timed(() => store.transact(write));
    expect(again).toBeLessThan(500);
    await store.close();
    await proxy.close();
  });

  test('a lease outlives the endpoint it was granted by', async () => {
    const proxy = await startProxy(etcd.endpoint);
    const store = new EtcdStore({ endpoints: [proxy.address, etcd.endpoint] });
    const lease = await store.grant(5);
    proxy.cut('hang');
    await sleep(8000);
    expect(lease.lost.aborted).toBe(false);
    await store.close();
    await proxy.close();
  });

  test('notices a watch that died in silence', async () => {
    const proxy = await startProxy(etcd.endpoint);
    const store = new EtcdStore({ endpoints: [proxy.address], progressPeriod: 300 });
    const { revision } = await store.list('/w/');
    const changes = store.watch('/w/', revision + 1n, new AbortController().signal)[Symbol.asyncIterator]();
    const failed = expect(changes.next()).rejects.toMatchObject({ name: 'Unreachable' });
    // Many periods without a change, but with answers.
    await sleep(2000);
    proxy.cut('hang');
    const [, took] = await timed(() => failed);
    expect(took).toBeLessThan(3000);
    await store.close();
    await proxy.close();
  });

  test('survives a restart of etcd, with lease ids beyond 2^53 intact', async () => {
    const store = new EtcdStore({ endpoints: [etcd.endpoint] });
    const lease = await store.grant(30);
    expect(BigInt(lease.id)).toBeGreaterThan(2n ** 53n);
    await store.transact({ compare: [], success: [{ put: '/leased', value: '1', lease: lease.id }] });
    await etcd.restart();
    await sleep(2500);
    expect((await store.list('/leased')).keys).toMatchObject([{ lease: lease.id }]);
    await lease.revoke();
    expect((await store.list('/leased')).keys).toEqual([]);
    await store.close();
  });
});
