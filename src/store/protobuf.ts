import Long from 'long';
import protobuf from 'protobufjs';

// protobufjs finds `long` by itself only outside a bundle; without it lease ids above 2^53 would be rounded.
protobuf.util.Long = Long;
protobuf.configure();

/** One remote procedure: where it is called and how its messages become bytes. */
export interface Method<Reply> {
  /** `/etcdserverpb.KV/Range` */
  readonly path: string;
  encode(request: object): Buffer;
  decode(bytes: Buffer): Reply;
}

/** A decoded message: 64-bit numbers as bigint, enums by name, and every field there, zeros too. */
export type Message = ReturnType<protobuf.Type['toObject']>;

/** Declares a method by its path after the package, its messages' names, and how a reply is read. */
export type Declare = <Reply>(
  path: string,
  request: string,
  reply: string,
  read: (message: Message) => Reply,
) => Method<Reply>;

/**
 * Reads a protocol's text and gives the function that declares its methods.
 *
 * @param text proto3, of the package `etcdserverpb`
 */
export function protocol(text: string): Declare {
  const found = protobuf.parse(text, { keepCase: true }).root.lookup('etcdserverpb');
  if (!(found instanceof protobuf.Namespace))
    throw new Error('the protocol text has no package etcdserverpb');
  // proto3 leaves zeros out on the wire; `defaults` puts them back, so every field is there to read.
  const options = { longs: BigInt, enums: String, defaults: true };
  return (path, requestName, replyName, read) => {
    const request = found.lookupType(requestName);
    const reply = found.lookupType(replyName);
    return {
      path: `/etcdserverpb.${path}`,
      encode: (message) => Buffer.from(request.encode(request.fromObject(message)).finish()),
      decode: (bytes) => read(reply.toObject(reply.decode(bytes), options)),
    };
  };
}
