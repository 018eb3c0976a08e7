import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Turns } from '../model/turns.ts';
import { Backoff } from './backoff.ts';
import { Channel, proofOf, type Send, type Tls, unary } from './channel.ts';
import { sleep, systemClock } from './clock.ts';
import {
  adviceFor,
  isConnectionFailure,
  isLate,
  isOldAuthRevision,
  isSilence,
  reasonOf,
  refusalOf,
} from './failure.ts';
import { Patience } from './patience.ts';
import type { Method } from './protobuf.ts';
import { Unreachable } from './store.ts';

/** Milliseconds without an answer after which what can't be sent twice asks first who answers. */
const probeAfter = 2000;

/** Milliseconds for an answer once all were passed over: an overloaded cluster is slow everywhere, and not dead. */
const longTimeout = 5000;

/** Milliseconds for which all are tried again though each says no at once: members that elect a leader do. */
const patience = 5000;

/** Milliseconds between two rounds. */
const roundPauses = { first: 200, most: 1000 };

/**
 * The part of a call's time without any answer after which a connection that stands is made anew and streams on it are
 * doubted. Its other end may have gone without a word (a machine that lost its power, a firewall that forgot it), and
 * keepalive takes longer to find out than a lease lives.
 */
const silentPart = 0.75;

/**
 * Milliseconds until a connection that was made anew for its silence is suspected again. Where it was the other end that
 * is busy, one more handshake, and each stream asked whether it lives, is what it needs least.
 */
const renewalPause = 10_000;

/** How often a call is sent again because users or roles changed meanwhile. They change in bursts, at `up`. */
const authRetries = 20;

export interface EndpointsOptions {
  /** `host:port`, the nearest first. */
  readonly addresses: readonly string[];
  readonly tls?: Tls | undefined;
  /** See `EtcdOptions.writers`. */
  readonly writers?: readonly string[] | undefined;
}

interface Endpoint {
  readonly channel: Channel;
  /** When it last answered anything, by performance.now(). */
  answered: number;
  /** When its connection was last made anew for its silence, by performance.now(). */
  renewed: number;
  /** Told when its connection is made anew. */
  readonly doubters: Set<() => void>;
}

/** How a call is made; by default as one request and one answer. */
interface How {
  readonly send?: Send;
  /** What would be worth nothing later: it waits for no other call. */
  readonly urgent?: boolean;
}

interface Call<Reply> extends How {
  readonly method: Method<Reply>;
  readonly request: object;
}

/** No answer came. */
interface Miss {
  readonly address: string;
  readonly error: unknown;
}

type Outcome<Reply> = { readonly reply: Reply } | Miss;

/** A stream to one endpoint. Its user listens for `error` and cancels it when done. */
export interface OpenStream<Reply> {
  readonly stream: ClientDuplexStream<object, Reply>;
  /** To be called for each sign of life, as it comes. */
  answered(): void;
  /** When the endpoint last answered anything, by performance.now(). */
  heard(): number;
  /** To be called when the endpoint is at fault. */
  giveUp(): void;
  /** Calls `doubt` when the endpoint's connection is made anew for its silence. The function returned takes that back. */
  onDoubt(doubt: () => void): () => void;
}

/** The members of one etcd cluster. Calls go to the one that answered last, and move on when it does not. */
export class Endpoints {
  readonly #endpoints: readonly Endpoint[];
  readonly #options: EndpointsOptions;
  readonly #closed = new AbortController();
  /** Of all members together: what is slow is mostly this machine, or the computer that they all run on. */
  readonly #patience = new Patience();
  /** Of calls, while answers take long. */
  readonly #turns = new Turns();
  /** The last one, unless something was answered after it. */
  #missed: Miss | undefined;
  #current = 0;

  constructor(options: EndpointsOptions) {
    if (options.addresses.length === 0) throw new Error('no etcd endpoint is configured');
    this.#options = options;
    const proof = proofOf(options.tls);
    this.#endpoints = options.addresses.map((address) => ({
      channel: new Channel(address, proof),
      answered: Number.NEGATIVE_INFINITY,
      renewed: Number.NEGATIVE_INFINITY,
      doubters: new Set(),
    }));
  }

  /** A call that may be sent more than once, because repeating it changes nothing. */
  async repeatable<Reply>(method: Method<Reply>, request: object, how: How = {}): Promise<Reply> {
    const backoff = new Backoff(roundPauses, systemClock);
    const end = performance.now() + patience;
    for (let shortest = 0; ; shortest = longTimeout) {
      const round = await this.#round({ method, request, ...how }, shortest);
      if ('reply' in round) return round.reply;
      const enough = shortest === longTimeout && performance.now() > end;
      if (enough || this.#closed.signal.aborted) throw this.#unreachable(round.failures);
      await sleep(systemClock, backoff.next(), this.#closed.signal);
    }
  }

  /** Each endpoint once, until one answers. Each has `shortest` milliseconds at least. */
  async #round<Reply>(
    call: Call<Reply>,
    shortest: number,
  ): Promise<{ reply: Reply } | { failures: ReadonlyMap<string, unknown> }> {
    const failures = new Map<string, unknown>();
    for (let turn = 0; turn < this.#endpoints.length; turn++) {
      const answer = await this.#ask(call, () => Math.max(shortest, this.#patience.limit));
      if ('reply' in answer) return answer;
      failures.set(answer.address, answer.error);
    }
    return { failures };
  }

  /** The endpoint in use once, when it is this call's turn. Passes it over when it does not answer. */
  #ask<Reply>(call: Call<Reply>, timeout: () => number): Promise<Outcome<Reply>> {
    return this.#inTurn(call, async () => {
      const endpoint = this.#endpoint();
      try {
        const reply = await this.#attempt(endpoint, call, timeout());
        this.#missed = undefined;
        return { reply };
      } catch (error) {
        if (!isConnectionFailure(error)) throw this.#refusal(error, call.method);
        this.#moveOn(endpoint);
        this.#missed = { address: endpoint.channel.address, error };
        return this.#missed;
      }
    });
  }

  /**
   * One after the other while answers take long. A cluster that has too little processor is asked for the same by a dozen
   * callers of each machine; each gives up before its answer comes, asks another member, and so all of them have too
   * much to do for as long as anybody asks. One at a time, what is asked is answered. Where nothing is, who waited while
   * another asked in vain does not ask in vain as well: a dozen would take a minute to find out what one knows.
   */
  #inTurn<Reply>({ urgent = false }: How, act: () => Promise<Outcome<Reply>>): Promise<Outcome<Reply>> {
    if (urgent || !this.#patience.isStrained) return act();
    const asked = performance.now();
    return this.#turns.take(async () => {
      const hasWaited = performance.now() - asked >= silentPart * longTimeout;
      return this.#missed && hasWaited ? this.#missed : act();
    });
  }

  /** Finds an endpoint that answers by `probe`, which is repeatable, unless the one in use has done so just now. */
  async ready(probe: () => Promise<unknown>): Promise<void> {
    if (performance.now() - this.#endpoint().answered > probeAfter) await probe();
  }

  /** A call that is sent at most once. An endpoint that died does not cost it its whole deadline: see `ready`. */
  async once<Reply>(method: Method<Reply>, request: object, probe: () => Promise<unknown>): Promise<Reply> {
    await this.ready(probe);
    const answer = await this.#ask({ method, request }, () => longTimeout);
    if ('reply' in answer) return answer.reply;
    throw this.#unreachable(new Map([[answer.address, answer.error]]));
  }

  stream<Reply>(method: Method<Reply>): OpenStream<Reply> {
    const endpoint = this.#endpoint();
    return {
      stream: endpoint.channel.stream(method),
      answered: () => {
        endpoint.answered = performance.now();
      },
      heard: () => endpoint.answered,
      giveUp: () => this.#moveOn(endpoint),
      onDoubt: (doubt) => {
        endpoint.doubters.add(doubt);
        return () => endpoint.doubters.delete(doubt);
      },
    };
  }

  close(): void {
    this.#closed.abort();
    for (const { channel } of this.#endpoints) channel.close();
  }

  #moveOn(from: Endpoint): void {
    from.answered = Number.NEGATIVE_INFINITY;
    // Another call may have moved on already; going one further could skip the good one.
    if (this.#endpoint() === from) this.#current = (this.#current + 1) % this.#endpoints.length;
  }

  #endpoint(): Endpoint {
    const endpoint = this.#endpoints[this.#current];
    if (!endpoint) throw new Error(`there is no endpoint ${this.#current}`);
    return endpoint;
  }

  async #attempt<Reply>(
    endpoint: Endpoint,
    { method, request, send = unary }: Call<Reply>,
    timeout: number,
  ): Promise<Reply> {
    const began = performance.now();
    const limit = this.#patience.limit;
    const times = { deadline: Date.now() + timeout, connectBy: Date.now() + limit };
    for (let left = authRetries; ; left--) {
      try {
        const reply = await endpoint.channel.call(method, request, send, times);
        endpoint.answered = performance.now();
        this.#patience.answered(endpoint.answered - began);
        return reply;
      } catch (error) {
        if (left > 0 && isOldAuthRevision(error)) continue;
        const now = performance.now();
        if (isLate(error)) this.#patience.missed(began, now);
        const silent = now - Math.max(began, endpoint.answered) >= silentPart * limit;
        if (silent && isSilence(error)) renew(endpoint);
        throw error;
      }
    }
  }

  #refusal(error: unknown, { path }: Method<unknown>): unknown {
    return refusalOf(error, path, this.#options.writers ?? []);
  }

  #unreachable(failures: ReadonlyMap<string, unknown>): Unreachable {
    const each = [...failures].map(([address, error]) => `${address}: ${reasonOf(error)}`);
    const advice = adviceFor(each, this.#options.tls?.cert);
    const [cause] = failures.values();
    return new Unreachable(`etcd gave no answer (${each.join('; ')}); ${advice}`, { cause });
  }
}

function renew(endpoint: Endpoint): void {
  const now = performance.now();
  if (now - endpoint.renewed < renewalPause) return;
  endpoint.renewed = now;
  endpoint.channel.renew();
  for (const doubt of [...endpoint.doubters]) doubt();
}
