import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './route.ts';

/** Writes a whole reply; of a stream of lines, until it ends or the client is gone. */
export async function send(response: ServerResponse, reply: Reply): Promise<void> {
  if ('lines' in reply) return await sendLines(response, reply.lines);
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

/** The head goes out at once: a client that waits for the first event must see that it was understood. */
async function sendLines(response: ServerResponse, lines: AsyncIterable<object>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  await pipeline(Readable.from(encodeAll(lines)), response);
}

async function* encodeAll(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield encode(line);
}
