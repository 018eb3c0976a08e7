import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FakeCache } from '../qemu/template-cache-fake.ts';
import { thisComputer } from './this-computer.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();

async function listening<S extends ReturnType<typeof createServer>>(server: S): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a program', () => {
  const computer = thisComputer({ PATH: `${folder}:/usr/bin:/bin`, GREETING: 'hello' });
  beforeAll(() => {
    writeFileSync(join(folder, 'greet'), '#!/bin/sh\necho "$GREETING $1"\n', { mode: 0o755 });
    writeFileSync(join(folder, 'fail'), '#!/bin/sh\necho out; echo err >&2; exit 3\n', { mode: 0o755 });
    writeFileSync(join(folder, 'hang'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  });

  test('is found on PATH, with the environment', async () => {
    expect(await computer.run(['greet', 'you'], signal)).toEqual({
      status: 0,
      stdout: 'hello you\n',
      stderr: '',
    });
  });

  test('may end with any status', async () => {
    expect(await computer.run(['fail'], signal)).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  test('that is not there is named', async () => {
    await expect(computer.run(['no-such-tool'], signal)).rejects.toThrow(
      "no-such-tool can't be run: it is not there",
    );
  });

  test('is ended by the signal', async () => {
    await expect(computer.run(['hang'], AbortSignal.timeout(50))).rejects.toThrow('timeout');
  });
});

test('a port that is held is taken, and free again afterwards', async () => {
  const computer = thisComputer();
  const server = createServer();
  const port = await listening(server);
  expect(await computer.portTaken(port)).toBe('EADDRINUSE');
  await new Promise((resolve) => server.close(resolve));
  expect(await computer.portTaken(port)).toBeUndefined();
  // Looking at it did not hold it.
  expect(await computer.portTaken(port)).toBeUndefined();
});

test('the room of a folder that is not there yet is that of the nearest above it', async () => {
  const computer = thisComputer();
  expect(await computer.diskFree(join(folder, 'not', 'there'))).toBeGreaterThan(0);
});

test('a file that is not there is undefined', async () => {
  const computer = thisComputer();
  writeFileSync(join(folder, 'file'), 'text');
  expect(await computer.readFile(join(folder, 'file'))).toBe('text');
  expect(await computer.readFile(join(folder, 'none'))).toBeUndefined();
});

test('templates count by the room they take', async () => {
  const cache = await FakeCache.make();
  try {
    const computer = thisComputer({ ...cache.env });
    expect(await computer.templateBytes()).toBe(0);
    await cache.template('a', { kib: 64 });
    await cache.image('trixie-1');
    expect(await computer.templateBytes()).toBeGreaterThanOrEqual(64 * 1024);
    expect(await computer.templateBytes()).toBeLessThan(1024 * 1024);
  } finally {
    await cache.remove();
  }
});

test('a stack without a switch holds no ports', async () => {
  expect(await thisComputer().heldPorts(join(folder, 'stack'))).toEqual([]);
});

test('an answer over HTTP has status, date and body; a redirect is not followed, nor the token handed on', async () => {
  const seen: IncomingMessage['headers'][] = [];
  const server = createHttpServer(({ url, headers }, response) => {
    seen.push(headers);
    if (url === '/moved') response.writeHead(302, { location: '/' }).end();
    else response.writeHead(418, { date: 'Thu, 26 Nov 2026 10:00:00 GMT' }).end('short and stout');
  });
  const port = await listening(server);
  try {
    const { get } = thisComputer();
    expect(await get(`http://127.0.0.1:${port}/`, { authorization: 'Bearer x' }, signal)).toEqual({
      status: 418,
      date: Date.UTC(2026, 10, 26, 10),
      body: 'short and stout',
    });
    expect((await get(`http://127.0.0.1:${port}/moved`, {}, signal)).status).toBe(302);
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer x', undefined]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
