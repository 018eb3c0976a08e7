import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../store/fake-clock.ts';
import { formatKey, leaderKey, storeFormat } from '../../store/keys.ts';
import { MemoryStore } from '../../store/memory.ts';
import { MemoryCluster } from '../../store/memory-cluster.ts';
import { type Transaction, type TransactionResult, Unreachable } from '../../store/store.ts';
import { campaign, type Leadership } from './leader.ts';

/** Loses the answers to transactions while told to, and keeps what was asked for. */
class LossyStore extends MemoryStore {
  lossy = false;
  readonly lost: Transaction[] = [];

  override async transact(transaction: Transaction): Promise<TransactionResult> {
    if (!this.lossy) return super.transact(transaction);
    this.lost.push(transaction);
    throw new Unreachable('no answer');
  }
}

describe('a campaign', () => {
  let clock: FakeClock;
  let etcd: MemoryCluster;
  let candidates: Candidate[];
  beforeEach(() => {
    clock = new FakeClock();
    etcd = new MemoryCluster(clock);
    candidates = [];
  });
  afterEach(() => Promise.all(candidates.map((candidate) => candidate.end())));

  const start = async (machineId: string) => {
    const candidate = await Candidate.start(machineId, clock, etcd);
    candidates.push(candidate);
    await clock.advance(100);
    return candidate;
  };
  const leader = () => etcd.list(leaderKey).keys[0];

  test('has one winner, whose key stays as it is whatever it writes', async () => {
    const first = await start('1');
    const second = await start('2');
    const elected = leader()?.modRevision;
    for (const key of ['/a', '/b', '/c']) await first.leadership?.write([{ put: key, value: '' }]);
    await clock.advance(60_000);
    expect(leader()).toMatchObject({ value: '1', modRevision: elected });
    expect(second.leadership).toBeUndefined();
  });

  test('of the others costs the store no transaction', async () => {
    await start('1');
    const second = await start('2');
    second.store.lossy = true;
    await clock.advance(600_000);
    expect(second.store.lost).toEqual([]);
  });

  test('is won by another one at once when the leader resigns', async () => {
    const first = await start('1');
    const second = await start('2');
    await first.end();
    await clock.advance(100);
    expect(second.leadership).toBeDefined();
    expect(leader()?.value).toBe('2');
  });

  test('is won when the leader’s lease has ended', async () => {
    const first = await start('1');
    const second = await start('2');
    first.store.reachable = false;
    await clock.advance(15_000);
    expect(leader()?.value).toBe('2');
    expect(second.leadership).toBeDefined();
    expect(first.leadership).toBeUndefined();
  });

  test('a key that has changed is told apart from a deposition', async () => {
    const first = await start('1');
    const write = first.leadership?.write([{ put: '/a', value: '' }], [{ key: '/b', modRevision: 7n }]);
    expect(await write).toBeUndefined();
    expect(first.leadership?.signal.aborted).toBe(false);
  });

  test('a write that comes late changes nothing', async () => {
    const first = await start('1');
    first.store.lossy = true;
    await expect(first.leadership?.write([{ put: '/a', value: 'late' }])).rejects.toThrow(Unreachable);
    first.store.lossy = false;
    await first.leadership?.write([{ put: '/a', value: 'newer' }]);
    expect(first.store.lost.map((transaction) => etcd.transact(transaction).succeeded)).toEqual([false]);
    expect(etcd.list('/a').keys[0]?.value).toBe('newer');
  });

  test('notes the format that its engine knows, above an older one', async () => {
    etcd.transact({ compare: [], success: [{ put: formatKey, value: String(storeFormat - 1) }] });
    await start('1');
    expect(etcd.list(formatKey).keys[0]?.value).toBe(String(storeFormat));
    expect(leader()?.value).toBe('1');
  });

  test.each([`${storeFormat + 1}`, 'unheard of'])('does not lead a cluster of format %s', async (format) => {
    etcd.transact({ compare: [], success: [{ put: formatKey, value: format }] });
    const first = await start('1');
    await clock.advance(120_000);
    expect(leader()).toBeUndefined();
    expect(etcd.list(formatKey).keys[0]?.value).toBe(format);
    expect(first.log.length).toBeLessThan(5);
    expect(first.log[0]).toContain(`has format ${format}, and this agent knows formats up to ${storeFormat}`);
  });

  test('a deposed leader can’t write, and says so', async () => {
    const first = await start('1');
    etcd.transact({ compare: [], success: [{ put: leaderKey, value: '9' }] });
    await expect(first.leadership?.write([{ put: '/a', value: '' }])).rejects.toThrow('somebody else leads');
    expect(etcd.list('/a').keys).toEqual([]);
  });
});

class Candidate {
  readonly store: LossyStore;
  readonly log: string[] = [];
  leadership: Leadership | undefined;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  static async start(machineId: string, clock: FakeClock, etcd: MemoryCluster): Promise<Candidate> {
    const store = new LossyStore(clock, etcd);
    return new Candidate(store, clock, machineId, await store.grant(9));
  }

  private constructor(
    store: LossyStore,
    clock: FakeClock,
    machineId: string,
    lease: Awaited<ReturnType<LossyStore['grant']>>,
  ) {
    this.store = store;
    const signal = AbortSignal.any([this.#stop.signal, lease.lost]);
    const log = (line: string) => void this.log.push(line);
    const options = { store, clock, machineId, log };
    this.#ended = campaign(options, { lease, since: clock.now(), signal }, async (leadership) => {
      this.leadership = leadership;
      await new Promise<void>((resolve) => {
        leadership.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      this.leadership = undefined;
    });
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.store.close();
  }
}
