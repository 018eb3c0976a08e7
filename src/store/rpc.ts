import { type Message, protocol } from './protobuf.ts';
import type { Change, KeyValue } from './store.ts';

/**
 * The part of etcd's v3 API that Flotilla uses, with etcd's names and field numbers (etcd's own rpc.proto and
 * kv.proto). Text is declared `string` where etcd says `bytes`: both look alike on the wire, and all that we
 * store is UTF-8. `range_end` stays `bytes`, since the end of a prefix need not be valid UTF-8.
 */
const proto = `
  syntax = "proto3";
  package etcdserverpb;

  message ResponseHeader { int64 revision = 3; }
  message KeyValue {
    string key = 1; int64 create_revision = 2; int64 mod_revision = 3; string value = 5; int64 lease = 6;
  }
  message Event {
    enum EventType { PUT = 0; DELETE = 1; }
    EventType type = 1; KeyValue kv = 2;
  }

  message RangeRequest { string key = 1; bytes range_end = 2; int64 limit = 3; int64 revision = 4; }
  message RangeResponse { ResponseHeader header = 1; repeated KeyValue kvs = 2; bool more = 3; }
  message PutRequest { string key = 1; string value = 2; int64 lease = 3; }
  message DeleteRangeRequest { string key = 1; bytes range_end = 2; }
  message RequestOp {
    oneof request {
      PutRequest request_put = 2; DeleteRangeRequest request_delete_range = 3; TxnRequest request_txn = 4;
    }
  }
  message Compare {
    enum CompareResult { EQUAL = 0; }
    enum CompareTarget { VERSION = 0; CREATE = 1; MOD = 2; }
    CompareResult result = 1; CompareTarget target = 2; string key = 3;
    oneof target_union { int64 create_revision = 5; int64 mod_revision = 6; }
  }
  message TxnRequest { repeated Compare compare = 1; repeated RequestOp success = 2; }
  message TxnResponse { ResponseHeader header = 1; bool succeeded = 2; }

  message LeaseGrantRequest { int64 TTL = 1; }
  message LeaseGrantResponse { int64 ID = 2; int64 TTL = 3; }
  message LeaseRevokeRequest { int64 ID = 1; }
  message LeaseRevokeResponse { ResponseHeader header = 1; }
  message LeaseKeepAliveRequest { int64 ID = 1; }
  message LeaseKeepAliveResponse { int64 ID = 2; int64 TTL = 3; }

  message WatchCreateRequest { string key = 1; bytes range_end = 2; int64 start_revision = 3; }
  message WatchProgressRequest {}
  message WatchRequest {
    oneof request_union { WatchCreateRequest create_request = 1; WatchProgressRequest progress_request = 3; }
  }
  message WatchResponse {
    ResponseHeader header = 1; int64 watch_id = 2; bool created = 3; bool canceled = 4;
    int64 compact_revision = 5; string cancel_reason = 6; repeated Event events = 11;
  }
`;

const method = protocol(proto);

export interface WatchReply {
  /** 0n unless the watch was refused because its revision is gone; then the oldest one that is left. */
  readonly compactRevision: bigint;
  readonly canceled: boolean;
  readonly cancelReason: string;
  readonly changes: readonly Change[];
  /** In a reply that tells nothing else: up to which revision all was told. */
  readonly progress?: bigint;
}

function keyValue(message: Message): KeyValue {
  return {
    key: message.key,
    value: message.value,
    createRevision: message.create_revision,
    modRevision: message.mod_revision,
    ...(message.lease === 0n ? {} : { lease: String(message.lease) }),
  };
}

function keyValues(messages: readonly Message[]): KeyValue[] {
  return messages.map(keyValue);
}

function change(message: Message): Change {
  const { key, value, mod_revision: revision } = message.kv;
  return { type: message.type === 'PUT' ? 'put' : 'delete', key, value, revision };
}

export const rangeMethod = method('KV/Range', 'RangeRequest', 'RangeResponse', (reply) => ({
  revision: BigInt(reply.header.revision),
  keys: keyValues(reply.kvs),
  more: Boolean(reply.more),
}));

export const txnMethod = method('KV/Txn', 'TxnRequest', 'TxnResponse', (reply) => ({
  revision: BigInt(reply.header.revision),
  succeeded: Boolean(reply.succeeded),
}));

export const grantMethod = method('Lease/LeaseGrant', 'LeaseGrantRequest', 'LeaseGrantResponse', (reply) => ({
  id: String(reply.ID),
  ttl: Number(reply.TTL),
}));

export const revokeMethod = method(
  'Lease/LeaseRevoke',
  'LeaseRevokeRequest',
  'LeaseRevokeResponse',
  () => ({}),
);

export const keepAliveMethod = method(
  'Lease/LeaseKeepAlive',
  'LeaseKeepAliveRequest',
  'LeaseKeepAliveResponse',
  (reply) => ({ ttl: Number(reply.TTL) }),
);

function isProgress({ created, canceled, events }: Message): boolean {
  return !created && !canceled && events.length === 0;
}

export const watchMethod = method(
  'Watch/Watch',
  'WatchRequest',
  'WatchResponse',
  (reply): WatchReply => ({
    compactRevision: reply.compact_revision,
    canceled: reply.canceled,
    cancelReason: reply.cancel_reason,
    changes: reply.events.map(change),
    ...(isProgress(reply) && { progress: BigInt(reply.header.revision) }),
  }),
);
