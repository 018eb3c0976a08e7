import * as grpc from '@grpc/grpc-js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import statusMessages from '@pulumi/pulumi/proto/status_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { messageWithCauses } from '../model/message-of.ts';
import { plainText } from '../model/plain-text.ts';
import { InitFailed } from './resource.ts';

/** The error as gRPC carries it: the message with its causes, and for `InitFailed` what exists in spite of it. */
export function serviceError(error: unknown): Partial<grpc.ServiceError> {
  const message = plainText(messageWithCauses(error));
  const metadata = new grpc.Metadata();
  if (error instanceof InitFailed) {
    // gRPC's rich error model: the engine reads google.rpc.Status from this trailer.
    metadata.add('grpc-status-details-bin', Buffer.from(initFailedStatus(error, message).serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

function initFailedStatus(error: InitFailed, message: string) {
  const detail = new messages.ErrorResourceInitFailed()
    .setId(error.id)
    .setProperties(struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(error.outputs))))
    .setReasonsList([message]);
  const wrapped = new any.Any();
  wrapped.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
  return new statusMessages.Status()
    .setCode(grpc.status.UNKNOWN)
    .setMessage(message)
    .setDetailsList([wrapped]);
}
