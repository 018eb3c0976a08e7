import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { save, WakeFailed, wake } from './snapshot.ts';

const log = () => undefined;
let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
});

afterEach(async () => {
  jest.restoreAllMocks();
  server.close();
  await rm(folder, { recursive: true });
});

/** A QEMU that agrees to everything, and whose transfer is as `state` says. */
async function monitor(state: object): Promise<string> {
  const path = join(folder, 'qmp');
  server = createServer((socket) => {
    socket.on('error', () => undefined).write('{"QMP": {}}\r\n');
    createInterface({ input: socket }).on('line', (line) => {
      const answer = line.includes('query-migrate') ? state : {};
      socket.write(`${JSON.stringify({ return: answer })}\r\n`);
    });
  }).listen(path);
  await once(server, 'listening');
  return path;
}

test('a transfer that QEMU completes', async () => {
  const socket = await monitor({ status: 'completed' });
  await save(socket, join(folder, 'devices'), log);
});

test('one that takes too long is told with what QEMU said last, and where its file is', async () => {
  const socket = await monitor({ status: 'active' });
  let now = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => (now += 3000));
  await expect(save(socket, join(folder, 'devices'), log)).rejects.toThrow(
    `took longer than 20 s, QEMU says "active": is the disk of ${folder} slow or full?`,
  );
});

test('one that fails is told with QEMU’s reason', async () => {
  const socket = await monitor({ status: 'failed', desc: 'bad section' });
  const waking = wake(socket, join(folder, 'devices'), log);
  await expect(waking).rejects.toThrow(WakeFailed);
  await expect(waking).rejects.toThrow('failed: bad section');
});
