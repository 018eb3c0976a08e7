import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../test/contract/free-port.ts';
import type { Forwards } from './arguments.ts';
import { probe } from './health.ts';
import { pulsePort } from './ports.ts';
import { Publisher } from './publisher.ts';

const guest = 80;
const timing = { refusal: 100, pulse: 300 };
const servers = new Set<Server>();
const sockets = new Set<Socket>();
const publishers = new Set<Publisher>();
const machines = new Map<string, Forwards>();

async function listen(serve: (socket: Socket) => void, port = 0): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve(socket);
  }).listen(port, '127.0.0.1');
  servers.add(server);
  await once(server, 'listening');
  const at = server.address();
  return at && typeof at === 'object' ? at.port : 0;
}

/** What slirp does when the guest refuses. */
const refuse = (socket: Socket) => socket.destroy();
/** What the host's kernel does for a QEMU that is stopped. */
const ignore = () => {};
const greet = (name: string) => (socket: Socket) => void socket.on('data', () => socket.end(name));

async function machine(
  name: string,
  serve: (socket: Socket) => void,
  pulse: (socket: Socket) => void = refuse,
) {
  machines.set(name, { [guest]: await listen(serve), [pulsePort]: await listen(pulse) });
}

async function publish(names: readonly string[]): Promise<Publisher> {
  const host = await freePort();
  const publisher = new Publisher(
    { host, guest, machines: names },
    async (name) => machines.get(name),
    () => {},
    timing,
  );
  publishers.add(publisher);
  await publisher.start();
  return publisher;
}

/** The answer, or '' when the connection was closed without one. */
async function ask(publisher: Publisher): Promise<string> {
  const socket = connect(publisher.publication.host, '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => {}).write('hello');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 8000; !condition() && Date.now() < end; ) await sleep(20);
  expect(condition()).toBe(true);
}

beforeEach(() => machines.clear());

afterEach(() => {
  for (const publisher of publishers) publisher.close();
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
  for (const set of [publishers, servers, sockets]) set.clear();
});

describe('health', () => {
  test('who keeps the connection open is healthy', async () => {
    await machine('a', ignore);
    expect(await probe(machines.get('a') ?? {}, guest, timing)).toBe('healthy');
  });

  test('who closes it at once is not', async () => {
    await machine('a', refuse);
    expect(await probe(machines.get('a') ?? {}, guest, timing)).toBe('refused');
  });

  test('nor is one that doesn’t listen, or has no such port', async () => {
    expect(await probe({ [guest]: await freePort() }, guest, timing)).toBe('refused');
    expect(await probe({}, guest, timing)).toBe('refused');
  });

  test('a machine without a pulse is silent, though it takes connections', async () => {
    await machine('a', ignore, ignore);
    expect(await probe(machines.get('a') ?? {}, guest, timing)).toBe('silent');
  });
});

describe('a published port', () => {
  test('goes round the healthy machines', async () => {
    await machine('a', greet('a'));
    await machine('b', greet('b'));
    await machine('c', refuse);
    const publisher = await publish(['a', 'b', 'c']);
    await until(() => publisher.health.a === 'healthy' && publisher.health.b === 'healthy');
    expect(publisher.health.c).toBe('refused');
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await ask(publisher));
    expect(new Set(answers)).toEqual(new Set(['a', 'b']));
  });

  test('passes over a machine that has just gone, before its health is known', async () => {
    await machine('a', greet('a'));
    machines.set('b', { [guest]: await freePort() });
    const publisher = await publish(['b', 'a']);
    for (let i = 0; i < 4; i++) expect(await ask(publisher)).toBe('a');
  });

  test('tries the others when none is healthy', async () => {
    await machine('a', greet('a'), ignore);
    const publisher = await publish(['a']);
    await until(() => publisher.health.a === 'silent');
    expect(await ask(publisher)).toBe('a');
  });

  test('with nobody there closes the connection', async () => {
    const publisher = await publish(['a']);
    expect(await ask(publisher)).toBe('');
  });

  test('carries everything both ways, half-closed connections too', async () => {
    const bytes = Buffer.alloc(3_000_000, 'flotilla');
    await machine('a', (socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end(Buffer.concat(chunks)));
    });
    // allowHalfOpen is the server's: an echo after the end needs it.
    for (const server of servers) Object.assign(server, { allowHalfOpen: true });
    const publisher = await publish(['a']);
    const socket = connect({ port: publisher.publication.host, host: '127.0.0.1', allowHalfOpen: true });
    sockets.add(socket);
    socket.end(bytes);
    const got: Buffer[] = [];
    for await (const chunk of socket) got.push(chunk);
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
  });

  test('says when it is in use', async () => {
    const publisher = await publish(['a']);
    const second = new Publisher(
      publisher.publication,
      async () => undefined,
      () => {},
    );
    publishers.add(second);
    await second.start();
    expect(second.problem).toMatch(/127\.0\.0\.1:\d+ can't be listened on: .*EADDRINUSE/);
  });

  test('a machine that stays silent loses its connections', async () => {
    await machine('a', ignore, ignore);
    const publisher = await publish(['a']);
    const start = Date.now();
    expect(await ask(publisher)).toBe('');
    expect(Date.now() - start).toBeGreaterThan(2000);
  }, 20_000);
});
