import type { Comparison, Operation, Transaction } from './store.ts';

/**
 * etcd counts operations per level of nested transactions and takes the outer level's count off the inner
 * one's budget (`--max-txn-ops`, 128 by default). 60 inner transactions of 60 operations stay below it.
 */
const perLevel = 60;

/** The `TxnRequest` of a transaction, nested where it has more operations than etcd takes on one level. */
export function encodeTransaction(transaction: Transaction): object {
  checkSize(transaction);
  const operations = transaction.success.map(encodeOperation);
  return {
    compare: transaction.compare.map(encodeComparison),
    success: operations.length <= perLevel ? operations : chunks(operations, perLevel).map(nested),
  };
}

/** @throws when the transaction breaks a limit that `Store.transact` names. */
export function checkSize({ compare, success }: Transaction): void {
  if (compare.length > perLevel) throw new Error(`${compare.length} comparisons, at most ${perLevel} fit`);
  if (success.length > 50 * perLevel) {
    throw new Error(`${success.length} operations, at most ${50 * perLevel} fit in one transaction`);
  }
}

/**
 * The smallest key after all keys with this prefix, as etcd's `range_end`: the prefix with its last byte
 * raised by one. The empty prefix means everything, which etcd writes as a single zero byte.
 */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at];
    if (byte === undefined || byte === 0xff) continue;
    end[at] = byte + 1;
    return end.subarray(0, at + 1);
  }
  return Buffer.from([0]);
}

function encodeComparison(comparison: Comparison): object {
  return 'createRevision' in comparison
    ? { target: 'CREATE', key: comparison.key, create_revision: String(comparison.createRevision) }
    : { target: 'MOD', key: comparison.key, mod_revision: String(comparison.modRevision) };
}

function encodeOperation(operation: Operation): object {
  if ('put' in operation) {
    return { request_put: { key: operation.put, value: operation.value, lease: operation.lease ?? '0' } };
  }
  if ('delete' in operation) return { request_delete_range: { key: operation.delete } };
  return {
    request_delete_range: {
      key: operation.deletePrefix || '\0',
      range_end: prefixEnd(operation.deletePrefix),
    },
  };
}

function nested(success: object[]): object {
  return { request_txn: { compare: [], success } };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < items.length; at += size) result.push(items.slice(at, at + size));
  return result;
}
