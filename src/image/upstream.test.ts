import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { requestRange } from './upstream.ts';

/** Pieces of a layer, and milliseconds between two of them: it takes longer than a machine has to connect. */
const pieces = 10;
const pause = 100;
const patience = { connect: 0.4, silence: 30 };

let server: Server;
let connections: number;

beforeEach(async () => {
  connections = 0;
  server = createServer(async ({ url }, response) => {
    if (url === '/missing') return response.writeHead(404).end();
    if (url === '/silent') return response.writeHead(206).flushHeaders();
    response.writeHead(206);
    for (let piece = 0; url === '/slow' && piece < pieces; piece += 1) {
      response.write('x');
      await sleep(pause);
    }
    response.end();
  });
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const ask = (path: string, limits = patience) =>
  requestRange(request, { path, host: '127.0.0.1', port: (server.address() as AddressInfo).port }, limits);

describe('a part of a blob', () => {
  test('takes as long as it takes, after another one too', async () => {
    await buffer(await ask('/short'));
    expect(await text(await ask('/slow'))).toBe('x'.repeat(pieces));
    expect(connections).toBe(2);
  });

  test('is not there: the answer says so', async () => {
    await expect(ask('/missing')).rejects.toThrow('it answered 404');
  });

  test('is given up when nothing more comes', async () => {
    const body = await ask('/silent', { connect: 5, silence: 0.2 });
    await expect(buffer(body)).rejects.toThrow('aborted');
  });
});
