import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../test/contract/free-port.ts';
import { serveFollowed } from './serve-followed.ts';

const address = '127.0.0.1';
let port: number;
let stop: AbortController;
let ended: Promise<void>;
const log: string[] = [];

async function said(words: string): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end; await sleep(10))
    if (log.some((line) => line.includes(words))) return;
  throw new Error(`waited for "${words}" in vain: ${log.join('; ')}`);
}

function serve(): void {
  stop = new AbortController();
  const answer = (path: string) => (path === '/services/app/80' ? 'ready' : 'not ready');
  ended = serveFollowed({ address, port }, answer, (line) => log.push(line), stop.signal);
}

beforeEach(async () => {
  log.splice(0);
  port = await freePort();
  serve();
});
afterEach(async () => {
  stop.abort();
  await ended;
});

async function ask(path: string, method = 'GET', headers = {}) {
  const [reply] = await new Promise<[import('node:http').IncomingMessage]>((resolve, reject) => {
    const asked = request({ host: address, port, path, method, headers, agent: false }, (it) =>
      resolve([it]),
    );
    asked.on('error', reject).end();
  });
  return { status: reply.statusCode, headers: reply.headers, body: await text(reply) };
}

describe('a load balancer', () => {
  test('is told in a word, on a connection that ends with it', async () => {
    await said('answers load balancers');
    expect(await ask('/services/app/80')).toEqual({
      status: 200,
      headers: { connection: 'close', 'content-type': 'text/plain', 'content-length': '6' },
      body: 'ready\n',
    });
    expect(await ask('/services/other/80')).toMatchObject({ status: 503, body: 'not ready\n' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('may not %s', async (method) => {
    await said('answers load balancers');
    expect((await ask('/services/app/80', method)).status).toBe(404);
  });
});

test('who sends more than a request needs is refused', async () => {
  await said('answers load balancers');
  expect((await ask('/services/app/80', 'GET', { cookie: 'a'.repeat(5000) })).status).toBe(431);
});

test('connections beyond what balancers need are not kept', async () => {
  await said('answers load balancers');
  const sockets = Array.from({ length: 70 }, () => connect(port, address).on('error', () => undefined));
  let closed = 0;
  for (const socket of sockets) socket.on('close', () => (closed += 1));
  for (const end = Date.now() + 3000; closed < 6 && Date.now() < end; ) await sleep(10);
  expect(closed).toBe(6);
  for (const socket of sockets) socket.destroy();
});

test('who says nothing is not waited for', async () => {
  await said('answers load balancers');
  const socket = connect(port, address);
  const begun = Date.now();
  socket.resume();
  await once(socket, 'close');
  expect(Date.now() - begun).toBeLessThan(8000);
}, 15_000);

test('its end waits for nobody', async () => {
  await said('answers load balancers');
  const socket = connect(port, address).on('error', () => undefined);
  await once(socket, 'connect');
  const begun = Date.now();
  stop.abort();
  await ended;
  expect(Date.now() - begun).toBeLessThan(1000);
  socket.destroy();
});

test('a port that is taken is said once, and used when it is free', async () => {
  stop.abort();
  await ended;
  log.splice(0);
  const other = createServer().listen(port, address);
  await once(other, 'listening');
  serve();
  await said('EADDRINUSE');
  other.close();
  await said('answers load balancers');
  expect((await ask('/services/app/80')).status).toBe(200);
  expect(log.filter((line) => line.includes('EADDRINUSE'))).toHaveLength(1);
});
