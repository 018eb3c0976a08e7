import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { txnMethod } from './rpc.ts';
import type { Operation } from './store.ts';
import {
  batchLimits,
  encodeTransaction,
  inBatches,
  maxBytes,
  operationsInBatches,
  prefixEnd,
  sizeOf,
} from './transaction.ts';

describe('prefixEnd', () => {
  test.each([
    ['/a/', [0x2f, 0x61, 0x30]],
    ['', [0]],
    ['é', [0xc3, 0xaa]],
  ])('of "%s"', (prefix, end) => {
    expect([...prefixEnd(prefix)]).toEqual(end);
  });
});

describe('encodeTransaction', () => {
  const puts = (count: number) => Array.from({ length: count }, (_, i) => ({ put: `/k/${i}`, value: '' }));

  test('stays below 128 operations on every path through its levels', () => {
    const encoded = encodeTransaction({ compare: [], success: puts(3000) });
    const groups = (encoded as { success: { request_txn: { success: object[] } }[] }).success;
    const widest = Math.max(...groups.map(({ request_txn }) => request_txn.success.length));
    expect(groups.length + widest).toBeLessThan(128);
    expect(groups.flatMap(({ request_txn }) => request_txn.success)).toHaveLength(3000);
  });

  test('refuses more than it can promise', () => {
    expect(() => encodeTransaction({ compare: [], success: puts(3001) })).toThrow('3001 operations');
    const compare = puts(61).map(({ put }) => ({ key: put, modRevision: 0n }));
    expect(() => encodeTransaction({ compare, success: [] })).toThrow('61 comparisons');
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 300 });
const operation = fc.oneof(
  fc.record({ put: text, value: text, lease: fc.constant(String(2n ** 62n)) }),
  fc.record({ delete: text }),
  fc.record({ deletePrefix: text }),
);

describe('bytes', () => {
  test('are counted as what etcd gets, or a few more', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (success) => {
        const counted = success.map(sizeOf).reduce((a, b) => a + b, 0);
        const { length } = txnMethod.encode(encodeTransaction({ compare: [], success }));
        expect(length).toBeLessThanOrEqual(counted);
        expect(counted - length).toBeLessThanOrEqual(success.length * 40);
      }),
    );
  });

  const put = (key: string, bytes: number): Operation => ({ put: key, value: 'é'.repeat(bytes / 2) });

  test('of one value that is too large are told with its key', () => {
    const transaction = { compare: [], success: [{ delete: '/other' }, put('/big', maxBytes)] };
    expect(() => encodeTransaction(transaction)).toThrow(
      expect.objectContaining({
        name: 'TooLarge',
        message:
          'the value of /big has 1281 KiB, at most 1280 KiB fit in one transaction of etcd; make it smaller',
      }),
    );
  });

  test('of many values that are too large together are told with their number', () => {
    const success = [1, 2, 3, 4].map((number) => put(`/${number}`, maxBytes / 3));
    expect(() => encodeTransaction({ compare: [], success })).toThrow('4 changes have 1707 KiB');
  });
});

describe('inBatches', () => {
  /** An item is the bytes of its operations. */
  const items = fc.array(fc.array(fc.integer({ min: 100, max: batchLimits.bytes }), { maxLength: 5 }));
  const put = (bytes: number): Operation => ({ put: 'k', value: 'x'.repeat(bytes - 33) });
  const total = (sizes: readonly number[]) => sizes.reduce((a, b) => a + b, 0);

  test('keeps all in order, in as few as it can, none above the limit unless it is one item', () => {
    fc.assert(
      fc.property(items, (sizes) => {
        const batches = inBatches(sizes, (item) => item.map(put));
        expect(batches.flat()).toEqual(sizes);
        for (const [at, batch] of batches.entries()) {
          const bytes = total(batch.flat());
          expect(batch.length === 1 || bytes <= batchLimits.bytes).toBe(true);
          const next = batches[at + 1]?.[0];
          expect(next === undefined || bytes + total(next) > batchLimits.bytes).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('counts operations too', () => {
    const operations = Array.from({ length: 4001 }, (_, at) => ({ delete: `${at}` }));
    expect(operationsInBatches(operations).map(({ length }) => length)).toEqual([2000, 2000, 1]);
    const pairs = inBatches([1, 2, 3], () => operations.slice(0, 900));
    expect(pairs).toEqual([[1, 2], [3]]);
  });
});
