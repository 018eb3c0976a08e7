import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addForward, qmp } from './qmp.ts';

let folder: string;
let path: string;
let server: Server | undefined;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qmp-'));
  path = join(folder, 'qmp');
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  await rm(folder, { recursive: true });
});

/** A QEMU that greets, takes capabilities, and answers any other command with `answer`. */
async function serve(
  answer: string,
  greeting = '{"QMP": {"version": {}, "capabilities": []}}',
): Promise<string[]> {
  const commands: string[] = [];
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (greeting !== '') socket.write(`${greeting}\r\n`);
    createInterface({ input: socket }).on('line', (line) => {
      commands.push(line);
      socket.write(line.includes('qmp_capabilities') ? '{"return": {}}\r\n' : answer);
    });
  }).listen(path);
  await once(server, 'listening');
  return commands;
}

test('negotiates, runs the command and passes over events', async () => {
  const commands = await serve('{"event": "RTC_CHANGE"}\r\n{"return": {"status": "running"}}\r\n');
  expect(await qmp(path, { execute: 'query-status' }, 1000)).toEqual({ status: 'running' });
  expect(commands).toEqual(['{"execute":"qmp_capabilities"}', '{"execute":"query-status"}']);
});

test('a refusal is told in QEMU’s words', async () => {
  await serve('{"error": {"class": "CommandNotFound", "desc": "no such thing"}}\r\n');
  await expect(qmp(path, { execute: 'fly' }, 1000)).rejects.toThrow(/command fly: refused: .*no such thing/);
});

test('a stopped QEMU accepts and never answers', async () => {
  await serve('', '');
  const start = Date.now();
  await expect(qmp(path, { execute: 'quit' }, 200)).rejects.toThrow('no answer within 200 ms');
  expect(Date.now() - start).toBeLessThan(1500);
});

test('no QEMU', async () => {
  await expect(qmp(path, { execute: 'quit' }, 1000)).rejects.toThrow('ENOENT');
});

test('the monitor’s answer to hostfwd_add is empty when it worked', async () => {
  const commands = await serve('{"return": ""}\r\n');
  await addForward(path, 'tcp:127.0.0.1:4000-:80', 1000);
  expect(commands[1]).toContain('hostfwd_add wan tcp:127.0.0.1:4000-:80');
});

test('and says so when the port is taken', async () => {
  await serve('{"return": "could not set up host forwarding rule\\r\\n"}\r\n');
  await expect(addForward(path, 'tcp:127.0.0.1:4000-:80', 1000)).rejects.toThrow('could not set up');
});
