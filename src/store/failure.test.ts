import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { adviceFor, isConnectionFailure, isOldAuthRevision, reasonOf, refusalOf } from './failure.ts';

/** As grpc-js throws it. */
function serviceError(code: status, details: string): Error {
  return Object.assign(new Error(`${code} ${status[code]}: ${details}`), { code, details });
}

describe('isConnectionFailure', () => {
  test.each([
    [status.UNAVAILABLE, 'etcdserver: no leader'],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded after 2.000s'],
    [status.CANCELLED, 'Call cancelled'],
    [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'],
    [status.UNKNOWN, 'context deadline exceeded'],
    [status.INTERNAL, 'Received RST_STREAM with code 2 (Internal server error)'],
  ])('%i %s: another endpoint may do better', (code, details) => {
    expect(isConnectionFailure(serviceError(code, details))).toBe(true);
  });

  test.each([
    [status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
    [status.NOT_FOUND, 'etcdserver: requested lease not found'],
    [status.PERMISSION_DENIED, 'etcdserver: permission denied'],
    [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'],
    [status.UNKNOWN, 'auth: revision in header is old'],
  ])('%i %s: none would', (code, details) => {
    expect(isConnectionFailure(serviceError(code, details))).toBe(false);
  });
});

test.each(['auth: revision in header is old', 'etcdserver: revision of auth store is old'])(
  '"%s" is asked again',
  (details) => {
    expect(isOldAuthRevision(serviceError(status.INVALID_ARGUMENT, details))).toBe(true);
  },
);

describe('refusalOf', () => {
  const denied = serviceError(status.PERMISSION_DENIED, 'etcdserver: permission denied');

  test('of a write names those who may', () => {
    expect(refusalOf(denied, '/etcdserverpb.KV/Txn', ['core-1', 'core-2'])).toMatchObject({
      name: 'Forbidden',
      message: 'this machine may write only what is its own; ask the agent on core-1 or core-2',
    });
  });

  test('of a read says how to be let in', () => {
    expect(refusalOf(denied, '/etcdserverpb.KV/Range', ['core-1'])).toMatchObject({
      name: 'Forbidden',
      message: expect.stringContaining('npm run up'),
    });
  });

  test('a full database is told from one that is busy', () => {
    const full = serviceError(status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded');
    const busy = serviceError(status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests');
    expect(refusalOf(full, '/etcdserverpb.KV/Txn', [])).toMatchObject({ name: 'OutOfSpace' });
    expect(refusalOf(busy, '/etcdserverpb.KV/Txn', [])).toBe(busy);
  });

  test('a request that etcd takes for too large is told', () => {
    const large = serviceError(status.INVALID_ARGUMENT, 'etcdserver: request is too large');
    expect(refusalOf(large, '/etcdserverpb.KV/Txn', [])).toMatchObject({
      name: 'TooLarge',
      message: expect.stringContaining('without a --max-request-bytes'),
    });
  });
});

test.each([
  [
    'No connection established. Last error: Error: connect ECONNREFUSED 10.0.0.1:2379. Resolution note: ',
    'connect ECONNREFUSED 10.0.0.1:2379',
  ],
  [
    'No connection established. Last error: C0DC:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/openssl/rec_layer_s3.c:918:SSL alert number 48\n',
    'tlsv1 alert unknown ca',
  ],
  ['etcdserver: no leader', 'etcdserver: no leader'],
])('%j is told as %j', (details, reason) => {
  expect(reasonOf(serviceError(status.UNAVAILABLE, details))).toBe(reason);
});

test.each([
  [['a: connect ECONNREFUSED', 'b: etcdserver: no leader'], /no majority.*npm run up/],
  [['a: certificate has expired'], /expired.*--refresh/],
  [['a: tlsv1 alert unknown ca'], /made anew.*--refresh/],
  [['a: connect ECONNREFUSED'], /`npm run up -- --refresh` starts etcd machines that are down/],
])('%j gets advice', (failures, advice) => {
  expect(adviceFor(failures)).toMatch(advice);
});
