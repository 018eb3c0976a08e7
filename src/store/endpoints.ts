import {
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  Metadata,
  status,
} from '@grpc/grpc-js';
import type { Method } from './rpc.ts';
import { Unreachable } from './store.ts';

/** PEM texts. Both sides prove themselves: etcd by the CA, we by certificate and key. */
export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Milliseconds until an endpoint that neither connects nor answers is passed over. */
const probeTimeout = 2000;

/** Longer deadlines for the second round: an overloaded cluster is slow everywhere, and not dead. */
const rounds = [probeTimeout, 5000] as const;

const channelOptions = {
  // A cut network sends no FIN: pings find out. etcd drops clients that ping more often than every 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  // The default backs off up to two minutes; a restarted member must be found sooner.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.max_receive_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
};

/** Makes a member without a leader refuse at once instead of letting us wait for it. */
const metadata = new Metadata();
metadata.set('hasleader', 'true');

/** The members of one etcd cluster. Calls go to the one that answered last, and move on when it does not. */
export class Endpoints {
  readonly #clients: readonly Client[];
  readonly #addresses: readonly string[];
  #current = 0;
  /** When the current endpoint last answered anything. */
  #answered = Number.NEGATIVE_INFINITY;

  /** `addresses` as `host:port`; the nearest first. */
  constructor(addresses: readonly string[], tls: Tls | undefined) {
    if (addresses.length === 0) throw new Error('no etcd endpoint is configured');
    this.#addresses = addresses;
    const proof = tls
      ? credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert))
      : credentials.createInsecure();
    this.#clients = addresses.map((address) => new Client(address, proof, channelOptions));
  }

  /** A call that may be sent more than once, because repeating it changes nothing. */
  async repeatable<Reply>(method: Method<Reply>, request: object, send: Send = unary): Promise<Reply> {
    let failure: unknown;
    for (const timeout of rounds) {
      for (let turn = 0; turn < this.#clients.length; turn++) {
        const index = this.#current;
        try {
          return await this.#attempt(method, request, Date.now() + timeout, send);
        } catch (error) {
          if (!isConnectionFailure(error)) throw error;
          failure ??= error;
          this.#moveOn(index);
        }
      }
    }
    throw this.#unreachable(failure);
  }

  /**
   * A call that is sent at most once. `probe` is repeatable and finds an endpoint that answers, so that one
   * that died does not cost this call its whole deadline.
   */
  async once<Reply>(method: Method<Reply>, request: object, probe: () => Promise<unknown>): Promise<Reply> {
    if (performance.now() - this.#answered > probeTimeout) await probe();
    const index = this.#current;
    try {
      return await this.#attempt(method, request, Date.now() + rounds[1], unary);
    } catch (error) {
      if (!isConnectionFailure(error)) throw error;
      this.#moveOn(index);
      throw this.#unreachable(error);
    }
  }

  /** A stream to the current endpoint. The caller listens for `error` and cancels it when done. */
  stream<Reply>(method: Method<Reply>): { stream: ClientDuplexStream<object, Reply>; giveUp(): void } {
    const index = this.#current;
    return { stream: duplex(this.#client(), method), giveUp: () => this.#moveOn(index) };
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #moveOn(from: number): void {
    // Another call may have moved on already; going one further could skip the good one.
    if (this.#current !== from) return;
    this.#current = (from + 1) % this.#clients.length;
    this.#answered = Number.NEGATIVE_INFINITY;
  }

  #client(): Client {
    const client = this.#clients[this.#current];
    if (!client) throw new Error(`there is no endpoint ${this.#current}`);
    return client;
  }

  async #attempt<Reply>(
    method: Method<Reply>,
    request: object,
    deadline: number,
    send: Send,
  ): Promise<Reply> {
    const client = this.#client();
    await connected(client, Math.min(deadline, Date.now() + probeTimeout));
    const reply = await send(client, method, request, deadline);
    this.#answered = performance.now();
    return reply;
  }

  #unreachable(cause: unknown): Unreachable {
    const said = cause instanceof Error ? cause.message : String(cause);
    const where = this.#addresses.join(', ');
    return new Unreachable(`etcd at ${where} gave no answer (${said}); is a majority of members up?`, {
      cause,
    });
  }
}

/** How one request travels to one endpoint and its answer back. */
type Send = <Reply>(
  client: Client,
  method: Method<Reply>,
  request: object,
  deadline: number,
) => Promise<Reply>;

const unary: Send = (client, method, request, deadline) =>
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

/** Waits for a connection, but not while the channel only waits for its next try. */
function connected(client: Client, deadline: number): Promise<void> {
  const channel = client.getChannel();
  return new Promise((resolve, reject) => {
    const look = () => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return resolve();
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
        return reject(new NotConnected(`${client.getChannel().getTarget()}: connection refused or closed`));
      }
      const timedOut = () => new NotConnected(`${channel.getTarget()}: no connection in time`);
      channel.watchConnectivityState(state, deadline, (error) => (error ? reject(timedOut()) : look()));
    };
    look();
  });
}

class NotConnected extends Error {}

const connectionFailures: readonly unknown[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
];

function isConnectionFailure(error: unknown): boolean {
  if (error instanceof NotConnected) return true;
  return error instanceof Error && 'code' in error && connectionFailures.includes(error.code);
}
