import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { type RequestOptions as HttpsRequestOptions, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import type { Descriptor } from './image.ts';
import { pairingClient } from './pairing.ts';
import { authorization } from './registry.ts';
import type { RelayConfig } from './relay-config.ts';

/**
 * Seconds. A peer on the same network that has not answered by then is cut off; a stream that rests is asked for anew.
 */
interface Patience {
  readonly connect: number;
  readonly silence: number;
}

const usualPatience: Patience = { connect: 5, silence: 60 };

/** Where a relay gets blobs from: the seed, if there is one, and else the computer of whoever pushes. */
export class Upstream {
  readonly #config: RelayConfig;
  /** Whether the peer is still worth asking. */
  #peer: boolean;

  constructor(config: RelayConfig) {
    this.#config = config;
    this.#peer = config.peer !== undefined;
  }

  /** The blob from `start` to `end`. */
  async fetch(blob: Descriptor, start: number, end = blob.size - 1): Promise<Readable> {
    const { machine, secret, repository } = this.#config;
    const options = {
      path: `/v2/${repository}/blobs/${blob.digest}`,
      headers: { authorization: authorization(machine, secret), range: `bytes=${start}-${end}` },
    };
    if (this.#peer)
      try {
        return await this.#fromPeer(options);
      } catch {
        // Whatever is wrong with it: the blob is at home as well, and who reports the push sees who asked there.
        this.#peer = false;
      }
    return requestRange(httpRequest, { ...options, host: '127.0.0.1', port: this.#config.home });
  }

  #fromPeer(options: RequestOptions): Promise<Readable> {
    const { peer, key } = this.#config;
    const target = { ...options, ...pairingClient(key), host: peer?.address, port: peer?.port };
    return requestRange(httpsRequest, target);
  }
}

type Send = (options: HttpsRequestOptions, answered: (response: IncomingMessage) => void) => ClientRequest;

/** The body of a part that was asked for. Rejects when none comes. */
export function requestRange(
  send: Send,
  options: HttpsRequestOptions,
  patience = usualPatience,
): Promise<Readable> {
  return new Promise((resolve, reject) => {
    // A connection of its own: one that was used before may be closed by the other side in the very moment in which it
    // is used again, and it connects no more, so that a body would be cut off as late.
    const request = send({ ...options, agent: false }, (response) => {
      if (response.statusCode === 206) return resolve(response);
      response.resume();
      reject(new Error(`it answered ${response.statusCode}`));
    });
    const late = setTimeout(() => request.destroy(new Error('it did not answer')), patience.connect * 1000);
    request.once('socket', (socket) => socket.once('connect', () => clearTimeout(late)));
    request.setTimeout(patience.silence * 1000, () => request.destroy(new Error('nothing more came')));
    request.once('close', () => clearTimeout(late));
    request.on('error', reject);
    request.end();
  });
}
