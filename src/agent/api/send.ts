import type { ServerResponse } from 'node:http';
import type { Lines, Reply } from './route.ts';

/** Writes a whole reply; of a stream of lines, until it ends or the client is gone. */
export async function send(response: ServerResponse, reply: Reply): Promise<void> {
  if ('lines' in reply) return await sendLines(response, reply);
  if ('json' in reply) return sendText(response, reply.status, 'application/json', encode(reply.json));
  if ('text' in reply) return sendText(response, reply.status, reply.type, reply.text);
  // 204 must not have a length, and without one 201 would announce a body in pieces.
  const { status, type } = reply;
  const length = status === 201 ? { 'content-length': 0 } : {};
  response.writeHead(status, { ...length, ...(type !== undefined && { 'content-type': type }) }).end();
}

export function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

export function encode(body: object): string {
  return `${JSON.stringify(body)}\n`;
}

/** Milliseconds: for which a client may leave what it was sent unread, and between signs of life without a line. */
const patience = { unread: 30_000, quiet: 10_000 };

/**
 * The head goes out at once: a client that waits for the first event must see that it was understood. While a client
 * does not read, no further line is taken, so that little waits for it; when it reads nothing for too long, it gets the
 * last line and the store is left in peace. An empty line now and then tells a client that waits that somebody is here.
 */
export async function sendLines(
  response: ServerResponse,
  { lines, last }: Lines,
  { unread, quiet } = patience,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const sign = setInterval(() => response.writableNeedDrain || response.write('\n'), quiet);
  try {
    for await (const line of lines) {
      if (response.destroyed) return;
      sign.refresh();
      if (response.write(encode(line)) || (await isRead(response, unread))) continue;
      return void response.end(encode(last(`nothing was read for ${unread / 1000} s`)));
    }
    response.end();
  } finally {
    clearInterval(sign);
  }
}

/** Whether the client reads on, or leaves, within so many milliseconds. */
function isRead(response: ServerResponse, limit: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = () => settle(true);
    const timer = setTimeout(() => settle(false), limit);
    const settle = (read: boolean) => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      resolve(read);
    };
    response.once('drain', done).once('close', done);
  });
}
