import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  Metadata,
} from '@grpc/grpc-js';
import { ConnectsSlowly, NotConnected } from './failure.ts';
import type { Method } from './protobuf.ts';

/** PEM texts. Both sides prove themselves: etcd by the CA, we by certificate and key. */
export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** For all connections of one store: to read certificates and a key anew for each is a part of what each costs. */
export function proofOf(tls: Tls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert));
}

const channelOptions: ChannelOptions = {
  // A cut network sends no FIN: pings find out. etcd drops clients that ping more often than every 5 s.
  'grpc.keepalive_time_ms': 10_000,
  // It is a dozen watches that end by it, and each is read anew; a busy machine may be silent for longer than 10 s. What
  // is cut off shows by calls that stay unanswered.
  'grpc.keepalive_timeout_ms': 30_000,
  // The default backs off up to two minutes; a restarted member must be found sooner.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.max_receive_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
};

/** Makes a member without a leader refuse at once instead of letting us wait for it. */
const metadata = new Metadata();
metadata.set('hasleader', 'true');

/** How one request travels to one endpoint and its answer back. */
export type Send = <Reply>(
  client: Client,
  method: Method<Reply>,
  request: object,
  deadline: number,
) => Promise<Reply>;

/**
 * Milliseconds after which a connection that does not come about is tried anew. The library leaves that to the kernel,
 * which asks a host that does not answer after 1, 3, 7, 15, 31 and 63 s: one that was cut off for a minute would stay
 * unreachable for as long again. More than TLS takes on a machine whose processors are all busy.
 */
const connectPatience = 8000;

/** The connection to one endpoint, made when it is first needed and again whenever it broke. */
export class Channel {
  readonly address: string;
  readonly #proof: ChannelCredentials;
  readonly #patience: number;
  #client: Client;
  /** When it was first missed, by performance.now(); undefined while it stands or nobody wants it. */
  #missedSince: number | undefined;

  /** `address` is `host:port` or `unix:/path`, behind which etcd calls itself `localhost`. */
  constructor(address: string, proof: ChannelCredentials, patience = connectPatience) {
    this.address = address;
    this.#proof = proof;
    this.#patience = patience;
    this.#client = this.#open();
  }

  /**
   * Sends once and waits for the answer.
   *
   * @param connectBy when the connection must stand, and `deadline` when the answer must be here; both in
   * milliseconds as Date.now() counts them
   */
  async call<Reply>(
    method: Method<Reply>,
    request: object,
    send: Send,
    { connectBy, deadline }: { connectBy: number; deadline: number },
  ): Promise<Reply> {
    this.#renewIfStuck();
    const client = this.#client;
    await connected(client, Math.min(connectBy, deadline));
    return await send(client, method, request, deadline);
  }

  stream<Reply>(method: Method<Reply>): ClientDuplexStream<object, Reply> {
    return duplex(this.#client, method);
  }

  /** Calls under way go on waiting on the old connection; those from now on get a new one. */
  renew(): void {
    this.#client.close();
    this.#client = this.#open();
    this.#missedSince = undefined;
  }

  close(): void {
    this.#client.close();
  }

  #renewIfStuck(): void {
    const now = performance.now();
    const stands = this.#client.getChannel().getConnectivityState(true) === connectivityState.READY;
    if (!stands && now - (this.#missedSince ?? now) >= this.#patience) this.renew();
    this.#missedSince = stands ? undefined : (this.#missedSince ?? now);
  }

  #open(): Client {
    return new Client(this.address, this.#proof, channelOptions);
  }
}

export const unary: Send = (client, method, request, deadline) =>
  new Promise((resolve, reject) => {
    const { path, encode, decode } = method;
    client.makeUnaryRequest(path, encode, decode, request, metadata, { deadline }, (error, reply) =>
      error || !reply ? reject(error ?? new Error(`${path} answered nothing`)) : resolve(reply),
    );
  });

/** One request and one answer on a stream of its own: nothing to resume, so nothing that can get stuck. */
export const exchange: Send = (client, method, request, deadline) =>
  new Promise((resolve, reject) => {
    const stream = duplex(client, method, deadline);
    stream.on('error', reject);
    stream.on('end', () => reject(new NotConnected(`${method.path} ended without an answer`)));
    stream.once('data', (reply) => {
      resolve(reply);
      stream.cancel();
    });
    stream.end(request);
  });

function duplex<Reply>(client: Client, method: Method<Reply>, deadline?: number) {
  const options = deadline === undefined ? {} : { deadline };
  return client.makeBidiStreamRequest(method.path, method.encode, method.decode, metadata, options);
}

/**
 * Waits for a connection as long as one is being made. A channel whose try failed only waits for its next one: a
 * call goes through to it all the same, for it fails at once and says what was wrong.
 */
function connected(client: Client, deadline: number): Promise<void> {
  const seconds = Math.max(0, (deadline - Date.now()) / 1000).toFixed(1);
  const channel = client.getChannel();
  return new Promise((resolve, reject) => {
    const look = () => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE)
        return resolve();
      if (state === connectivityState.SHUTDOWN) return reject(new NotConnected('the connection was closed'));
      const late = () => reject(new ConnectsSlowly(`no connection within ${seconds} s`));
      channel.watchConnectivityState(state, deadline, (error) => (error ? late() : look()));
    };
    look();
  });
}
