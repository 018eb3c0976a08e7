import { describe, expect, test } from '@jest/globals';
import { encodeTransaction, prefixEnd } from './transaction.ts';

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
