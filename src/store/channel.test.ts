import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { Channel, unary } from './channel.ts';
import { NotConnected } from './failure.ts';
import { rangeMethod } from './rpc.ts';

test('an endpoint that accepts and stays silent is given up, and how long it had is said', async () => {
  const accepted: Socket[] = [];
  const silent = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const channel = new Channel(`127.0.0.1:${port}`, undefined);
  const now = Date.now();
  const times = { connectBy: now + 300, deadline: now + 5000 };
  const error = await channel.call(rangeMethod, {}, unary, times).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(NotConnected);
  expect(String(error)).toMatch(/no connection within 0\.\d s/);
  channel.close();
  for (const socket of accepted) socket.destroy();
  silent.close();
});
