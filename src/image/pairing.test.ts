import { once } from 'node:events';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pairingClient, pairingServer } from './pairing.ts';

const key = 'a'.repeat(64);
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer(pairingServer(key), (_request, response) => response.end('hello'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => void server.close());

function ask(options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      expect(response.socket).toMatchObject({ encrypted: true });
      text(response).then(resolve, reject);
    });
    asking.on('error', reject).end();
  });
}

test('both ends have the key of the push', async () => {
  expect(await ask(pairingClient(key))).toBe('hello');
});

test('another key, or none, gets nothing', async () => {
  await expect(ask(pairingClient('b'.repeat(64)))).rejects.toThrow();
  await expect(ask({ rejectUnauthorized: false })).rejects.toThrow();
  await expect(
    ask({ ...pairingClient(key), pskCallback: () => ({ psk: Buffer.from(key, 'hex'), identity: 'else' }) }),
  ).rejects.toThrow();
});

test('it is TLS 1.3 and nothing older', async () => {
  const socket = connect({ host: '127.0.0.1', port, ...pairingClient(key) });
  await once(socket, 'secureConnect');
  expect(socket.getProtocol()).toBe('TLSv1.3');
  socket.destroy();
  await expect(
    ask({ ...pairingClient(key), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
  ).rejects.toThrow();
});
