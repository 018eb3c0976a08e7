import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { messageOf } from '../model/message-of.ts';

const redirects = 5;
/** Milliseconds without a byte after which a connection counts as dead. */
const idleLimit = 60_000;

/** The server has answered, and not with the file, or the file can't be kept: asking again won't help. */
export class Refused extends Error {}

/** There was no answer at all. */
export class NotReached extends Error {}

/** The response that redirects lead to, of whatever status. */
export async function get(
  url: string,
  start: number,
  signal: AbortSignal | undefined,
  hops = redirects,
): Promise<IncomingMessage> {
  const response = await request(url, start, signal).catch((cause) => {
    throw new NotReached(messageOf(cause), { cause });
  });
  const { location } = response.headers;
  const moved = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
  if (!moved || location === undefined) return response;
  response.destroy();
  if (hops === 0)
    throw new Refused(
      `${url}: redirected more than ${redirects} times: give the address it ends at in flotilla:local.image.url`,
    );
  return get(new URL(location, url).href, start, signal, hops - 1);
}

function request(url: string, start: number, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  const client = new URL(url).protocol === 'https:' ? https : http;
  // Node's type declarations don't know `proxyEnv` yet (Node 22.21 has it).
  const proxied = { keepAlive: false, proxyEnv: process.env };
  const agent = new client.Agent(proxied);
  const headers = start > 0 ? { range: `bytes=${start}-` } : {};
  return new Promise((resolve, reject) => {
    const sent = client.get(url, { agent, headers, timeout: idleLimit, ...(signal && { signal }) }, resolve);
    sent.on('timeout', () => sent.destroy(new Error(`no byte for ${idleLimit / 1000} s`)));
    sent.on('error', reject);
  });
}

/** Of a response that brings the file or the rest of it, as many bytes as it says. */
export function accepted(response: IncomingMessage, url: string): { resumed: boolean; expected: number } {
  const { statusCode, statusMessage, headers } = response;
  if (statusCode !== 200 && statusCode !== 206) {
    response.destroy();
    throw new Refused(`${url}: the server answered ${statusCode} ${statusMessage}: check the address`);
  }
  return { resumed: statusCode === 206, expected: Number(headers['content-length'] ?? Number.NaN) };
}

/** 416: the file has no byte after those we have. Right when we have them all (RFC 9110 section 15.5.17). */
export function complete(
  response: IncomingMessage,
  { url, part, size }: { url: string; part: string; size: number },
): void {
  response.destroy();
  const total = /\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1];
  if (total !== undefined && Number(total) !== size) {
    throw new Refused(
      `${url}: the file has ${total} bytes, fewer than the ${size} that an earlier transfer brought: remove ${part} and try again`,
    );
  }
}
