import { type Comparison, type Operation, TooLarge, type Transaction } from './store.ts';

/**
 * etcd counts operations per level of nested transactions and takes the outer level's count off the inner
 * one's budget (`--max-txn-ops`, 128 by default). 60 inner transactions of 60 operations stay below it.
 */
const perLevel = 60;

/** Operations in one transaction: a round number that is well within 60 times 60. */
const maxOperations = 50 * perLevel;

/**
 * Bytes of one transaction. etcd refuses requests above 1.5 MiB (`--max-request-bytes`, its default) and counts its
 * own envelope with them; the rest is margin for an etcd that counts a little differently.
 */
export const maxBytes = 1.25 * 1024 * 1024;

/** What `inBatches` fills: it leaves room for comparisons and for a few operations that each batch needs. */
export const batchLimits = { bytes: 1024 * 1024, operations: 2000 };

/** At most so much is around a key and its value in etcd's encoding. */
const envelope = 32;

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
  if (success.length > maxOperations) {
    throw new Error(`${success.length} operations, at most ${maxOperations} fit in one transaction`);
  }
  const compared = compare.map(({ key }) => Buffer.byteLength(key) + envelope);
  const bytes = sum(compared) + sum(success.map(sizeOf));
  if (bytes > maxBytes) throw new TooLarge(tooLarge(success, bytes));
}

/** Bytes that an operation takes in a transaction, or a few more. */
export function sizeOf(operation: Operation): number {
  if ('put' in operation)
    return Buffer.byteLength(operation.put) + Buffer.byteLength(operation.value) + envelope;
  if ('delete' in operation) return Buffer.byteLength(operation.delete) + envelope;
  return 2 * Buffer.byteLength(operation.deletePrefix) + envelope;
}

/**
 * Parts of a list, in its order, each of which fits in one transaction. An item's operations stay together: those that
 * are too many for a transaction are a part of their own, and the store refuses them.
 */
export function inBatches<T>(items: readonly T[], operationsOf: (item: T) => readonly Operation[]): T[][] {
  const batches: T[][] = [];
  let left = { bytes: 0, operations: 0 };
  for (const item of items) {
    const operations = operationsOf(item);
    const bytes = sum(operations.map(sizeOf));
    const last = batches.at(-1);
    if (last === undefined || bytes > left.bytes || operations.length > left.operations) {
      batches.push([item]);
      left = { ...batchLimits };
    } else last.push(item);
    left.bytes -= bytes;
    left.operations -= operations.length;
  }
  return batches;
}

/** The same for operations that need not stay together. */
export function operationsInBatches(operations: readonly Operation[]): Operation[][] {
  return inBatches(operations, (operation) => [operation]);
}

/** Whether a batch has room for them. */
export function fitInBatch(operations: readonly Operation[]): boolean {
  return sum(operations.map(sizeOf)) <= batchLimits.bytes;
}

function tooLarge(operations: readonly Operation[], bytes: number): string {
  const [largest] = [...operations].sort((a, b) => sizeOf(b) - sizeOf(a));
  const most = `at most ${inKiB(maxBytes)} fit in one transaction of etcd`;
  if (largest === undefined || !('put' in largest) || sizeOf(largest) < bytes / 2) {
    return `${operations.length} changes have ${inKiB(bytes)}, ${most}; send fewer at once`;
  }
  return `the value of ${largest.put} has ${inKiB(sizeOf(largest))}, ${most}; make it smaller`;
}

function inKiB(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
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
