import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type PublicAddress, takeAddress } from './public-address.ts';

/** Ports and a subnet of no use to anybody else. */
const [port, other] = [20_022, 20_080];
const subnet = 254;
let echo: Server;
let address: PublicAddress;

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  address = await takeAddress(subnet, [port, other]);
});

afterEach(async () => {
  await address.close();
  await once(echo.close(), 'close');
});

async function say(v4: string, at: number, text: string): Promise<string> {
  const socket = createConnection(at, v4);
  socket.end(text);
  let heard = '';
  for await (const chunk of socket) heard += chunk;
  return heard;
}

const echoPort = () => (echo.address() as AddressInfo).port;

test('leads a port to where it is told, and to its last byte', async () => {
  address.lead(port, echoPort());
  expect(await say(address.v4, port, 'x'.repeat(1_000_000))).toHaveLength(1_000_000);
});

test('refuses what leads nowhere', async () => {
  await expect(say(address.v4, other, 'hello')).rejects.toThrow(/ECONNRESET|EPIPE/);
  address.lead(other, 1);
  await expect(say(address.v4, other, 'hello').then((heard) => heard === '')).resolves.toBe(true);
});

test('another one has another address, and one that was closed is free again', async () => {
  const second = await takeAddress(subnet, [port]);
  expect(second.v4).not.toBe(address.v4);
  await second.close();
  const third = await takeAddress(subnet, [port]);
  expect(third.v4).toBe(second.v4);
  await third.close();
});

test('closing ends what is open', async () => {
  address.lead(port, echoPort());
  const socket = createConnection(port, address.v4);
  socket.write('hello');
  await once(socket, 'data');
  const ended = once(socket, 'close');
  await address.close();
  await ended;
  await expect(say(address.v4, port, 'hello')).rejects.toThrow('ECONNREFUSED');
  address = await takeAddress(subnet, [port, other]);
});
