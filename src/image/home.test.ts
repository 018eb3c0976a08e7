import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Home } from './home.ts';
import { blobsOf } from './image.ts';
import { authorization } from './registry.ts';
import { imageInMemory, sampleImage } from './sample-image.ts';

const image = imageInMemory(sampleImage(['0123456789']));
let folder: string;
let path: string;
let home: Home;
let port: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-home-'));
  path = join(folder, 'port');
  const { manifest, open } = image;
  home = new Home({ repository: 'app', tag: '1', manifest, blobs: blobsOf(image), open }, 'right', () => {});
  port = createServer(home.accept).listen(path);
  await once(port, 'listening');
});
afterAll(async () => {
  home.close();
  port.close();
  await rm(folder, { recursive: true });
});

async function send(request: string): Promise<string> {
  const socket = connect(path);
  socket.end(request);
  return text(socket);
}

/** The port is on the machine's 127.0.0.1, where each of its users may write to it. */
describe('whatever comes in from a machine without the password, home lives and says nothing', () => {
  test.each([
    ['GET // HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['GET //[ HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['GET http://[/ HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['GET http://: HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['OPTIONS * HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['GET /relay?port=1 HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['GET /relay?port=%zz&port=&%%% HTTP/1.1\r\nHost: home\r\n\r\n', '401'],
    ['GET /relay HTTP/1.1\r\nHost: home\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n', '401'],
    ['GET /v2/ HTTP/1.1\r\nHost: home\r\nExpect: 100-continue\r\n\r\n', '100'],
    ['CONNECT //:1 HTTP/1.1\r\nHost: home\r\n\r\n', ''],
    ['\u0016\u0003\u0001 no HTTP at all\r\n\r\n', '400'],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, '431'],
  ])('%j', async (request, status) => {
    const closing = request.replace('\r\n', '\r\nConnection: close\r\n');
    expect((await send(request.includes('upgrade') ? request : closing)).slice(9, 12)).toBe(status);
    expect(await send('GET /v2/ HTTP/1.0\r\n\r\n')).toContain('UNAUTHORIZED');
  });
});

test('a report that nobody waits for, or that is none, is refused', async () => {
  const login = `HTTP/1.0\r\nAuthorization: ${authorization('core-1', 'right')}\r\n\r\n`;
  expect(await send(`GET /relay?port=1 ${login}`)).toContain('400 Bad Request');
  const aborted = new AbortController();
  const report = home.relay('core-1', aborted.signal);
  expect(await send(`GET /relay?port=none ${login}`)).toContain('400 Bad Request');
  expect(await send(`GET //relay ${login}`)).toContain('NAME_UNKNOWN');
  aborted.abort(new Error('enough'));
  await expect(report).rejects.toThrow('enough');
});
