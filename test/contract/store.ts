import { describe, expect, test } from '@jest/globals';
import { type Change, Compacted, type Store } from '../../src/store/store.ts';

/** A cluster of its own for one test, and what the suite must be able to do to it. */
export interface StoreFixture {
  readonly store: Store;
  /** A second client of the same cluster. */
  readonly other: Store;
  /** Forgets the history before this revision. */
  compact(revision: bigint): Promise<void>;
  /** Lets seconds pass, really or on a fake clock. */
  pass(seconds: number): Promise<void>;
  /** From now on `store` (not `other`) can't reach the cluster. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export interface StoreContractOptions {
  /** False for an etcd before 3.5.8, which may name a revision before it has told the changes up to there. */
  readonly exactProgress?: boolean;
}

/** What every `Store` must do. `withFixture` makes a fresh cluster for each test and takes it away after. */
export function storeContract(
  withFixture: (body: (fixture: StoreFixture) => Promise<void>) => Promise<void>,
  { exactProgress = true }: StoreContractOptions = {},
): void {
  const check = (name: string, body: (fixture: StoreFixture) => Promise<void>) =>
    test(name, () => withFixture(body));

  describe('list', () => {
    check('answers the keys under a prefix, sorted, with values and revisions', async ({ store }) => {
      await put(store, { '/a/2': 'two', '/a/1': 'one', '/b': 'no' });
      const { keys, revision } = await store.list('/a/');
      expect(keys.map(({ key, value }) => [key, value])).toEqual([
        ['/a/1', 'one'],
        ['/a/2', 'two'],
      ]);
      expect(keys[0]?.createRevision).toBe(revision);
      expect(keys[0]?.lease).toBeUndefined();
    });

    check('of the empty prefix answers everything', async ({ store }) => {
      await put(store, { a: '1', 'é/ü': '2' });
      expect((await store.list('')).keys.map(({ key }) => key)).toEqual(['a', 'é/ü']);
    });

    check('answers more keys than fit on a page, all of one moment', async ({ store }) => {
      const names = Array.from({ length: 2500 }, (_, i) => `/many/${String(i).padStart(5, '0')}`);
      await put(store, Object.fromEntries(names.map((name) => [name, 'x'])));
      expect((await store.list('/many/')).keys.map(({ key }) => key)).toEqual(names);
    });

    check('keeps text exactly', async ({ store }) => {
      const value = 'ExecStart=/bin/echo "é\t漢字"\n\n\u{1f6a2} \\x2d';
      await put(store, { '/text': value });
      expect((await store.list('/text')).keys[0]?.value).toBe(value);
    });
  });

  describe('transact', () => {
    check('does nothing when a comparison fails', async ({ store }) => {
      const { revision } = await put(store, { '/k': '1' });
      const result = await store.transact({
        compare: [
          { key: '/k', modRevision: revision },
          { key: '/k', createRevision: 0n },
        ],
        success: [{ put: '/k', value: '2' }],
      });
      expect(result).toEqual({ succeeded: false, revision });
      expect(await values(store, '/k')).toEqual(['1']);
    });

    check('compares creation and modification', async ({ store }) => {
      const created = (await put(store, { '/k': '1' })).revision;
      const modified = (await put(store, { '/k': '2' })).revision;
      const result = await store.transact({
        compare: [
          { key: '/k', createRevision: created },
          { key: '/k', modRevision: modified },
          { key: '/none', createRevision: 0n },
          { key: '/none', modRevision: 0n },
        ],
        success: [{ delete: '/k' }],
      });
      expect(result.succeeded).toBe(true);
      expect(await values(store, '/k')).toEqual([]);
    });

    check('writes at one revision, and a deletion of nothing is none', async ({ store }) => {
      const before = await put(store, { '/d/1': '1', '/d/2': '2' });
      const nothing = await store.transact({ compare: [], success: [{ deletePrefix: '/none/' }] });
      expect(nothing.revision).toBe(before.revision);
      const { revision } = await store.transact({
        compare: [],
        success: [{ deletePrefix: '/d/' }, { put: '/e', value: '' }],
      });
      expect(revision).toBe(before.revision + 1n);
      expect(await store.list('/')).toMatchObject({ revision, keys: [{ key: '/e', value: '' }] });
    });

    check('refuses a key written twice and a lease that is gone', async ({ store }) => {
      const twice = [
        { put: '/k', value: '1' },
        { put: '/k', value: '2' },
      ];
      await expect(store.transact({ compare: [], success: twice })).rejects.toThrow('duplicate key');
      const lease = await store.grant(60);
      await lease.revoke();
      const orphan = { put: '/k', value: '1', lease: lease.id };
      await expect(store.transact({ compare: [], success: [orphan] })).rejects.toThrow('lease');
      expect(await values(store, '')).toEqual([]);
    });

    check('lets one of two win', async ({ store, other }) => {
      const campaign = (from: Store) =>
        from.transact({
          compare: [{ key: '/leader', createRevision: 0n }],
          success: [{ put: '/leader', value: 'me' }],
        });
      const results = await Promise.all([campaign(store), campaign(other)]);
      expect(results.map(({ succeeded }) => succeeded).sort()).toEqual([false, true]);
    });
  });

  describe('watch', () => {
    check('tells changes since a revision and from then on, in order', async ({ store, other }) => {
      const { revision } = await put(store, { '/w/old': '1' });
      const seen = collect(store, '/w/', revision, 4);
      await put(other, { '/w/new': '2', '/elsewhere': 'x' });
      await other.transact({ compare: [], success: [{ delete: '/w/old' }] });
      await put(other, { '/w/new': '3' });
      expect((await seen).map(({ type, key, value }) => [type, key, value])).toEqual([
        ['put', '/w/old', '1'],
        ['put', '/w/new', '2'],
        ['delete', '/w/old', ''],
        ['put', '/w/new', '3'],
      ]);
      expect((await seen).map((change) => change.revision)).toEqual(
        [0n, 1n, 2n, 3n].map((n) => revision + n),
      );
    });

    const checkProgress = exactProgress ? check : (name: string, _body: unknown) => test.skip(name, () => {});
    checkProgress('says up to which revision all was told', async ({ store, other }) => {
      const { revision } = await put(store, { '/w/1': '1' });
      await put(other, { '/elsewhere': 'x' });
      await other.transact({ compare: [], success: [{ delete: '/w/1' }] });
      const { revision: last } = await store.list('/none/');
      const stop = new AbortController();
      const seen: string[] = [];
      const onProgress = (reached: bigint) => {
        if (reached >= last) stop.abort();
      };
      for await (const { type } of store.watch('/w/', revision, stop.signal, onProgress)) seen.push(type);
      expect(seen).toEqual(['put', 'delete']);
    });

    check('ends quietly when told to', async ({ store }) => {
      const stop = new AbortController();
      const seen = collect(store, '/w/', await next(store), 1, stop.signal);
      setTimeout(() => stop.abort(), 100);
      expect(await seen).toEqual([]);
    });

    check('ends quietly when told to before it begins', async ({ store }) => {
      expect(await collect(store, '/w/', await next(store), 1, AbortSignal.abort())).toEqual([]);
    });

    check('of a compacted revision throws Compacted', async ({ store, compact }) => {
      const old = await put(store, { '/w/1': '1' });
      const { revision } = await put(store, { '/w/2': '2' });
      await compact(revision);
      const failed = collect(store, '/w/', old.revision, 1);
      await expect(failed).rejects.toThrow(Compacted);
      await expect(failed).rejects.toMatchObject({ oldest: revision });
      expect(await collect(store, '/w/', revision, 1)).toHaveLength(1);
    });

    check('throws when the store can not be reached any more', async ({ store, cut }) => {
      const seen = collect(store, '/w/', await next(store), 1);
      const failed = expect(seen).rejects.toMatchObject({ name: 'Unreachable' });
      await store.list('/');
      await cut();
      await failed;
    });
  });

  describe('lease', () => {
    check('keeps its keys while it is renewed', async ({ store, pass }) => {
      const lease = await store.grant(2);
      await put(store, { '/leased': '1' }, lease.id);
      await pass(5);
      expect((await store.list('/leased')).keys).toMatchObject([{ value: '1', lease: lease.id }]);
      expect(lease.lost.aborted).toBe(false);
    });

    check('takes its keys with it when revoked', async ({ store, other }) => {
      const lease = await store.grant(60);
      await put(store, { '/leased': '1', '/x': '2' }, lease.id);
      await put(store, { '/x': '3' });
      await lease.revoke();
      expect(lease.lost.aborted).toBe(true);
      expect(await values(other, '/')).toEqual(['3']);
    });

    check('is lost here before its keys are gone there', async ({ store, other, cut, mend, pass }) => {
      const lease = await store.grant(2);
      const { revision } = await put(store, { '/leased': '1' }, lease.id);
      const goneAt = collect(other, '/leased', revision, 2).then(() => lease.lost.aborted);
      await cut();
      await pass(5);
      expect(await goneAt).toBe(true);
      expect(String(lease.lost.reason)).toContain('did not answer');
      await mend();
      expect(await values(store, '/leased')).toEqual([]);
    });
  });

  describe('without a connection', () => {
    check('every call says so in a few seconds, and works again after', async ({ store, cut, mend }) => {
      await put(store, { '/k': '1' });
      await cut();
      await expect(store.list('/')).rejects.toMatchObject({ name: 'Unreachable' });
      await expect(put(store, { '/k': '2' })).rejects.toMatchObject({ name: 'Unreachable' });
      await expect(store.grant(5)).rejects.toMatchObject({ name: 'Unreachable' });
      await mend();
      expect(await values(store, '/k')).toEqual(['1']);
    });
  });
}

function put(store: Store, entries: Record<string, string>, lease?: string) {
  const attached = lease === undefined ? {} : { lease };
  const success = Object.entries(entries).map(([key, value]) => ({ put: key, value, ...attached }));
  return store.transact({ compare: [], success });
}

async function next(store: Store): Promise<bigint> {
  return (await store.list('/none/')).revision + 1n;
}

async function values(store: Store, prefix: string): Promise<string[]> {
  return (await store.list(prefix)).keys.map(({ value }) => value);
}

async function collect(
  store: Store,
  prefix: string,
  revision: bigint,
  count: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<Change[]> {
  const seen: Change[] = [];
  for await (const change of store.watch(prefix, revision, signal)) {
    seen.push(change);
    if (seen.length === count) break;
  }
  return seen;
}
