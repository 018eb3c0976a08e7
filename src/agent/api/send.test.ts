import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sendLines } from './send.ts';

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-send-'));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const wide = 'x'.repeat(1000);

/** Sends lines without an end to a client, who leaves them unread at first; with a gap, each after the one before. */
async function stream(unread: number, { gap = 0, quiet = 60_000 } = {}) {
  let taken = 0;
  let closed = () => {};
  const given = new Promise<void>((resolve) => {
    closed = resolve;
  });
  async function* lines() {
    try {
      for (;;) {
        if (gap > 0) await sleep(gap);
        yield { number: ++taken, wide };
      }
    } finally {
      closed();
    }
  }
  const last = (why: string) => ({ last: taken, why });
  const answer = (_: IncomingMessage, response: ServerResponse) =>
    void sendLines(response, { status: 200, lines: lines(), last }, { unread, quiet });
  server = createServer(answer);
  const socketPath = join(folder, 'socket');
  server.listen(socketPath);
  await once(server, 'listening');
  const outgoing = request({ socketPath, path: '/' });
  outgoing.end();
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  if (incoming === undefined) throw new Error('no response');
  return { incoming, outgoing, given, taken: () => taken };
}

describe('lines', () => {
  test('to a client that does not read: few wait for it, then the last one tells where to go on', async () => {
    const { incoming, given, taken } = await stream(100);
    await given;
    expect(taken()).toBeLessThan(5000);
    const lines = (await text(incoming)).trimEnd().split('\n');
    expect(lines).toHaveLength(taken() + 1);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ last: taken(), why: 'nothing was read for 0.1 s' });
  });

  test('that are rare have empty ones before them, a sign that somebody is here', async () => {
    const { incoming, outgoing } = await stream(60_000, { gap: 300, quiet: 20 });
    incoming.on('error', () => {});
    let received = '';
    for await (const chunk of incoming) {
      received += chunk;
      if (received.includes('number')) break;
    }
    outgoing.destroy();
    // How many depends on how busy this computer is.
    expect(received).toMatch(/^\n+\{"number":1/);
  });

  test('to a client that leaves are not asked for any more', async () => {
    const { incoming, outgoing, given } = await stream(60_000);
    incoming.on('error', () => {});
    outgoing.destroy();
    await given;
  });
});
