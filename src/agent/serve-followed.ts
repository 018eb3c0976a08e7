import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import type { Log } from './log.ts';
import type { FollowedAnswer } from './machine/followed.ts';

export interface FollowedListener {
  /** The machine's own on the cluster network; there and nowhere else it answers. */
  readonly address: string;
  readonly port: number;
}

const statuses: Readonly<Record<FollowedAnswer, number>> = { ready: 200, 'not ready': 503, 'not found': 404 };

/** Connections at one time. A load balancer has one open, or one of each zone, and takes no time for it. */
const mostConnections = 64;

/** Bytes of a request's line and headers; what is longer is refused with 431. */
const longestRequest = 4096;

/** Milliseconds that a connection may take for everything. */
const patience = 5000;

/** Milliseconds until it is tried again to listen. */
const retryPause = 2000;

/**
 * Answers load balancers over plain HTTP, one `GET` a connection, until `signal` aborts. Nobody has to prove anything,
 * so nothing is told but a word of what is followed, and nothing is read but the first lines. Never rejects: where it
 * can't listen it says so and tries again.
 */
export async function serveFollowed(
  { address, port }: FollowedListener,
  answer: (path: string) => FollowedAnswer,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    const server = createServer(
      { maxHeaderSize: longestRequest, connectionsCheckingInterval: 1000 },
      (request, response) => reply(request, response, answer),
    );
    confine(server);
    // It is closed when the last connection is, and whoever is slow with his would keep the agent from its end.
    const hangUp = () => server.closeAllConnections();
    signal.addEventListener('abort', hangUp, { once: true });
    try {
      server.listen({ host: address, port, signal });
      await once(server, 'listening', { signal });
      log(`answers load balancers on ${address}:${port}`);
      said = '';
      await once(server, 'close');
    } catch (error) {
      const problem = messageOf(error);
      if (!signal.aborted && problem !== said)
        log(`load balancers get no answer on ${address}:${port}: ${problem}; trying again`);
      said = problem;
      await sleep(retryPause, undefined, { signal }).catch(() => undefined);
    } finally {
      signal.removeEventListener('abort', hangUp);
      server.close();
    }
  }
}

function confine(server: Server): void {
  server.maxConnections = mostConnections;
  server.maxRequestsPerSocket = 1;
  server.requestTimeout = patience;
  server.headersTimeout = patience;
  server.timeout = patience;
}

function reply(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  answer: (path: string) => FollowedAnswer,
): void {
  const word = method === 'GET' ? answer(url) : 'not found';
  const body = `${word}\n`;
  response.sendDate = false;
  response.writeHead(statuses[word], {
    connection: 'close',
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
