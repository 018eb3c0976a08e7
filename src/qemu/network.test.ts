import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { controlNetwork, readNetwork, startNetwork, stopNetwork } from './network.ts';
import { machineFolder, machinePaths, networkPaths } from './paths.ts';
import { isOurs } from './process.ts';

const log = () => {};
let stackFolder: string;
const servers: Server[] = [];

beforeEach(async () => {
  stackFolder = await mkdtemp(join(tmpdir(), 'net-'));
});

afterEach(async () => {
  await stopNetwork(stackFolder);
  for (const server of servers.splice(0)) server.close();
  await rm(stackFolder, { recursive: true });
});

interface Guest {
  send(frame: Buffer): void;
  readonly received: Buffer[];
  readonly connected: () => boolean;
  drop(): void;
}

/** What QEMU's `-netdev stream,server=on` is to the switch. */
async function guest(name: string): Promise<Guest> {
  const folder = machineFolder(stackFolder, name);
  await mkdir(folder, { recursive: true });
  let client: Socket | undefined;
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    client = socket.on('error', () => {}).on('data', (chunk) => received.push(chunk));
    socket.once('close', () => {
      client = undefined;
    });
  }).listen(machinePaths(folder).lan);
  servers.push(server);
  await once(server, 'listening');
  const send = (frame: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    client?.write(Buffer.concat([length, frame]));
  };
  return { send, received, connected: () => client !== undefined, drop: () => client?.destroy() };
}

function broadcast(source: number): Buffer {
  return Buffer.concat([
    Buffer.alloc(6, 0xff),
    Buffer.from([2, 0, 0, 0, 0, source]),
    Buffer.from('\x08\x00payload'),
  ]);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 8000; Date.now() < end; await sleep(20)) if (await condition()) return;
  throw new Error('not within 8 s');
}

test('joins machines, takes up lost connections, cuts and heals', async () => {
  const [a, b] = [await guest('a'), await guest('b')];
  await startNetwork(stackFolder, [], { log });
  await until(() => a.connected() && b.connected());
  a.send(broadcast(1));
  await until(() => b.received.length === 1);
  expect(b.received[0]?.subarray(4)).toEqual(broadcast(1));

  b.drop();
  await until(() => !b.connected());
  await until(() => b.connected());
  expect(
    await controlNetwork(stackFolder, { command: 'fault', machine: 'b', fault: { cut: true } }),
  ).toMatchObject({
    faults: { b: { cut: true } },
  });
  a.send(broadcast(1));
  await sleep(100);
  expect(b.received).toHaveLength(1);
  await controlNetwork(stackFolder, { command: 'heal' });
  a.send(broadcast(1));
  await until(() => b.received.length === 2);
  expect(await readNetwork(stackFolder)).toMatchObject({
    ports: { a: { addresses: ['020000000001'] } },
    faults: {},
  });
}, 30_000);

test('is adopted when it runs, and started anew when it was killed', async () => {
  const first = await startNetwork(stackFolder, [], { log });
  expect((await startNetwork(stackFolder, [], { log })).pid).toBe(first.pid);
  process.kill(first.pid, 'SIGKILL');
  await until(async () => (await readNetwork(stackFolder)) === undefined);
  expect((await startNetwork(stackFolder, [], { log })).pid).not.toBe(first.pid);
}, 30_000);

test('a port in use is told with the config key; one that is free is published live', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  servers.push(taken);
  await once(taken, 'listening');
  const at = taken.address();
  const host = at && typeof at === 'object' ? at.port : 0;
  await startNetwork(stackFolder, [], { log });
  const publish = [{ host, guest: 80, machines: ['a'] }];
  await expect(startNetwork(stackFolder, publish, { log })).rejects.toThrow(
    new RegExp(`flotilla:machines: 127.0.0.1:${host}`),
  );
  await once(taken.close(), 'close');
  expect(await startNetwork(stackFolder, publish, { log })).toMatchObject({
    publish: [{ host, health: { a: expect.any(String) } }],
  });
  expect((await startNetwork(stackFolder, [], { log })).publish).toEqual([]);
}, 30_000);

test('a switch that ends at once is not waited for, and says why', async () => {
  const { control, log: file } = networkPaths(stackFolder);
  // A folder where its socket is to be.
  await mkdir(join(control, 'in the way'), { recursive: true });
  const began = Date.now();
  await expect(startNetwork(stackFolder, [], { log })).rejects.toThrow(
    new RegExp(
      `the virtual switch ended with 1 right after its start; its log, ${file}, ends:[^]*${control}`,
    ),
  );
  expect(Date.now() - began).toBeLessThan(15_000);
}, 30_000);

test('ends by itself when its folder goes', async () => {
  const { pid } = await startNetwork(stackFolder, [], { log });
  const pidFile = join(stackFolder, 'network', 'pid');
  await rm(join(stackFolder, 'network'), { recursive: true });
  await until(async () => !(await isOurs(pid, pidFile)));
}, 30_000);
