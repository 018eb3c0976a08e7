import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Channel, proofOf, unary } from './channel.ts';
import { NotConnected } from './failure.ts';
import { rangeMethod } from './rpc.ts';

/** Accepts and never says anything. */
let silent: Server;
let accepted: Socket[];
let address: string;

beforeEach(async () => {
  accepted = [];
  silent = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const bound = silent.address();
  address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
});

afterEach(() => {
  for (const socket of accepted) socket.destroy();
  silent.close();
});

function ask(channel: Channel, patience: number): Promise<unknown> {
  const now = Date.now();
  const times = { connectBy: now + patience, deadline: now + 5000 };
  return channel.call(rangeMethod, {}, unary, times).catch((cause: unknown) => cause);
}

test('an endpoint that accepts and stays silent is given up, and how long it had is said', async () => {
  const channel = new Channel(address, proofOf(undefined));
  const error = await ask(channel, 300);
  expect(error).toBeInstanceOf(NotConnected);
  expect(String(error)).toMatch(/no connection within 0\.\d s/);
  channel.close();
});

test('a connection that does not come about is tried anew, and not before it had its time', async () => {
  const patience = 400;
  const channel = new Channel(address, proofOf(undefined), patience);
  const began = performance.now();
  while (accepted.length < 2) await ask(channel, 50);
  expect(performance.now() - began).toBeGreaterThanOrEqual(patience);
  channel.close();
});
