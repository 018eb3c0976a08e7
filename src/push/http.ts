import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { agentSocket } from '../model/api.ts';
import type { Connection } from '../ssh/connection.ts';

export interface AgentRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Seconds for the whole exchange, opening the socket included. */
  readonly timeout: number;
  /** Of a stream: seconds without a byte of its body after which it is given up. */
  readonly silence?: number;
}

export interface AgentResponse {
  readonly status: number;
  readonly body: string;
}

/** A response whose body comes line by line, for as long as the agent has something to say. */
export interface AgentStream {
  readonly status: number;
  /** To be read to its end or left, which closes the stream. Throws when the connection breaks. */
  readonly lines: AsyncIterable<string>;
}

/**
 * One HTTP exchange with the agent at the other end of `connection`, on a stream of its own. Resolves with any
 * status; rejects when no whole response came in time, saying which of the two it was.
 */
export async function exchange(
  connection: Connection,
  request: AgentRequest,
  signal?: AbortSignal,
): Promise<AgentResponse> {
  const deadline = AbortSignal.timeout(request.timeout * 1000);
  const stop = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    const socket = await openSocket(connection, stop);
    try {
      return await send(socket, request, stop);
    } finally {
      socket.destroy();
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (deadline.aborted) throw new Error(`no answer within ${request.timeout} s`, { cause });
    throw cause;
  }
}

/**
 * Like `exchange`, without a limit on how long the body takes: `timeout` is for what comes before it, `silence` for
 * pauses in it. `signal` ends the stream at any time.
 */
export async function openStream(
  connection: Connection,
  request: AgentRequest,
  signal?: AbortSignal,
): Promise<AgentStream> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no answer within ${request.timeout} s`)),
    request.timeout * 1000,
  );
  const stop = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  try {
    const socket = await openSocket(connection, stop);
    try {
      const incoming = await begin(socket, request, stop);
      return { status: incoming.statusCode ?? 0, lines: linesOf(incoming, socket, request.silence) };
    } catch (cause) {
      socket.destroy();
      throw cause;
    }
  } catch (cause) {
    stop.throwIfAborted();
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}

async function* linesOf(
  incoming: IncomingMessage,
  socket: Duplex,
  silence: number | undefined,
): AsyncGenerator<string> {
  let rest = '';
  const giveUp = () => incoming.destroy(new Error(`nothing more within ${silence} s`));
  const timer = silence === undefined ? undefined : setTimeout(giveUp, silence * 1000);
  try {
    for await (const chunk of incoming.setEncoding('utf8')) {
      timer?.refresh();
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function openSocket(connection: Connection, stop: AbortSignal): Promise<Duplex> {
  const opening = connection.openSocket(agentSocket);
  try {
    return await abortable(opening, stop);
  } catch (cause) {
    // The stream may still arrive after we gave up on it; left open it would hold one of the server's channels.
    opening.then(
      (late) => late.destroy(),
      () => undefined,
    );
    throw cause;
  }
}

async function send(socket: Duplex, request: AgentRequest, stop: AbortSignal): Promise<AgentResponse> {
  const incoming = await begin(socket, request, stop);
  return { status: incoming.statusCode ?? 0, body: await text(incoming) };
}

/** Sends the request and waits for the response's head. */
async function begin(socket: Duplex, request: AgentRequest, stop: AbortSignal): Promise<IncomingMessage> {
  const outgoing = httpRequest({
    method: request.method,
    path: request.path,
    host: 'flotilla',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    createConnection: () => socket,
    signal: stop,
  });
  // Whoever awaits `answer` or the body hears of it; without a listener a late one would end the process.
  outgoing.on('error', () => undefined);
  const answer = once(outgoing, 'response', { signal: stop });
  outgoing.end(request.body === undefined ? undefined : JSON.stringify(request.body));
  const [incoming]: IncomingMessage[] = await answer;
  if (incoming === undefined) throw new Error('no response');
  return incoming;
}

/** `promise`, or the signal's reason as soon as it aborts. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
