import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  askControl,
  type ControlRequest,
  type NetworkStatus,
  parseRequest,
  serveControl,
} from './control.ts';

const status: NetworkStatus = { pid: 1, ports: {}, faults: {}, publish: [] };
let folder: string;
let socketPath: string;
let server: Server;
let asked: ControlRequest[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-control-'));
  socketPath = join(folder, 'control');
  asked = [];
  server = await serveControl(socketPath, async (request) => {
    asked.push(request);
    if (request.command === 'reload') throw new Error('network.json is gone');
    if (request.command === 'fault') await new Promise(() => undefined);
    return status;
  });
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** What the switch answers to these lines, all through one connection. */
async function answers(...lines: string[]): Promise<unknown[]> {
  const socket = createConnection(socketPath);
  socket.end(lines.map((line) => `${line}\n`).join(''));
  const found: unknown[] = [];
  for await (const line of createInterface({ input: socket })) found.push(JSON.parse(line));
  return found;
}

describe('the switch', () => {
  test('answers with how things are afterwards', async () => {
    expect(await askControl(socketPath, { command: 'heal' }, 1000)).toEqual(status);
    expect(asked).toEqual([{ command: 'heal' }]);
  });

  test('says why it could not', async () => {
    await expect(askControl(socketPath, { command: 'reload' }, 1000)).rejects.toThrow('network.json is gone');
  });

  test('that hangs is given up, and its log named', async () => {
    const asking = askControl(socketPath, { command: 'fault', machine: 'core-1', fault: {} }, 300);
    await expect(asking).rejects.toThrow(
      `no answer to "fault" within 0.3 s; see ${join(folder, 'log')}; \`npm run up\` ends one that hangs`,
    );
  });

  test('outlives a line that is no JSON, and answers the next one', async () => {
    expect(await answers('no JSON', '{"command":"status"}')).toEqual([
      { error: expect.stringContaining('JSON') },
      status,
    ]);
  });
});

describe('a request', () => {
  test.each([
    ['no object', '7'],
    ['no command', '{}'],
    ['an unknown command', '{"command":"stop"}'],
    ['a fault of no machine', '{"command":"fault","fault":{"cut":true}}'],
  ])('%s is refused, and what there is is named', (_, line) => {
    expect(() => parseRequest(line)).toThrow(/status, reload, fault .*heal/);
  });

  test('fields of another type count as absent', () => {
    expect(parseRequest('{"command":"heal","machine":7}')).toEqual({ command: 'heal' });
    expect(parseRequest('{"command":"fault","machine":"core-1","fault":{"cut":1,"loss":7}}')).toEqual({
      command: 'fault',
      machine: 'core-1',
      fault: { loss: 1 },
    });
  });
});
