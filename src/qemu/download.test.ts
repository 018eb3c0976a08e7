import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { downloadImage } from './download.ts';
import { ensureImage } from './image.ts';

const qcow2 = Buffer.concat([Buffer.from('514649fb', 'hex'), Buffer.alloc(300_000, 'disk')]);
const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest('hex');

let folder: string;
let server: Server;
const log = () => {};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-'));
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  return `http://127.0.0.1:${typeof at === 'object' ? at?.port : at}`;
}

/** Sends the file from where the client wants it, at most `most` bytes at a time. */
function sendFile(request: IncomingMessage, response: ServerResponse, most: number): void {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = qcow2.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length });
  if (rest.length <= most) response.end(rest);
  else response.write(rest.subarray(0, most), () => response.destroy());
}

describe('a download', () => {
  test('lands under its format’s name, after redirects', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/latest') response.writeHead(302, { location: '/image' }).end();
      else sendFile(request, response, qcow2.length);
    });
    await downloadImage({ url: `${url}/latest`, sha512: sha512(qcow2) }, folder, { log });
    expect(await readdir(folder)).toEqual(['disk.qcow2']);
    expect(await readFile(join(folder, 'disk.qcow2'))).toEqual(qcow2);
  });

  test('that is cut goes on where it stopped', async () => {
    const ranges: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      sendFile(request, response, 130_000);
    });
    await downloadImage({ url, sha512: sha512(qcow2) }, folder, { log, pause: 1 });
    expect(ranges[0]).toBeUndefined();
    expect(ranges.length).toBeGreaterThan(1);
    expect(await readFile(join(folder, 'disk.qcow2'))).toEqual(qcow2);
  });

  test('keeps every byte that came before a cut', async () => {
    const sizes: number[] = [];
    const url = await serve(async (request, response) => {
      sizes.push(Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0));
      sendFile(request, response, 100_000);
    });
    await downloadImage({ url, sha512: sha512(qcow2) }, folder, { log, pause: 1 });
    expect(sizes).toEqual(sizes.map((_, attempt) => attempt * 100_000));
  });

  test('that is cut again and again says so and keeps what came', async () => {
    const url = await serve((request, response) => sendFile(request, response, 1000));
    await expect(downloadImage({ url, sha512: sha512(qcow2) }, folder, { log, pause: 1 })).rejects.toThrow(
      /was cut 5 times .*are kept/,
    );
    expect(await readdir(folder)).toEqual(['disk.part']);
  });

  test('that was complete already is only checked', async () => {
    await writeFile(join(folder, 'disk.part'), qcow2);
    const url = await serve((_, response) => {
      response.writeHead(416, { 'content-range': `bytes */${qcow2.length}` }).end();
    });
    await downloadImage({ url, sha512: sha512(qcow2) }, folder, { log });
    expect(await readdir(folder)).toEqual(['disk.qcow2']);
  });

  test('from a server that can’t resume starts over', async () => {
    await writeFile(join(folder, 'disk.part'), 'half of something');
    const url = await serve((_, response) => response.end(qcow2));
    await downloadImage({ url, sha512: sha512(qcow2) }, folder, { log });
    expect(await readFile(join(folder, 'disk.qcow2'))).toEqual(qcow2);
  });

  test('that isn’t there is not asked for twice', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.writeHead(404).end();
    });
    await expect(downloadImage({ url, sha512: sha512(qcow2) }, folder, { log })).rejects.toThrow(
      'answered 404 Not Found',
    );
    expect(requests).toBe(1);
  });

  test('from a server that no try reaches says what to check', async () => {
    const url = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    await expect(downloadImage({ url, sha512: sha512(qcow2) }, folder, { log, pause: 1 })).rejects.toThrow(
      /could not be reached \(5 tries, the last: .*ECONNREFUSED.*check flotilla:local.image.url/,
    );
  });

  test('onto a full disk is not tried again', async () => {
    await symlink('/dev/full', join(folder, 'disk.part'));
    let requests = 0;
    const url = await serve((request, response) => {
      requests++;
      sendFile(request, response, qcow2.length);
    });
    await expect(downloadImage({ url, sha512: sha512(qcow2) }, folder, { log })).rejects.toThrow(
      `${join(folder, 'disk.part')}: no space left; free some, or set XDG_CACHE_HOME`,
    );
    expect(requests).toBe(1);
  });

  test('whose rest can’t be there names the file to remove', async () => {
    await writeFile(join(folder, 'disk.part'), 'longer');
    const url = await serve((_, response) => {
      response.writeHead(416, { 'content-range': 'bytes */3' }).end();
    });
    await expect(downloadImage({ url, sha512: sha512(qcow2) }, folder, { log })).rejects.toThrow(
      `remove ${join(folder, 'disk.part')} and try again`,
    );
  });

  test('that leads in a circle is given up', async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: '/again' }).end());
    await expect(downloadImage({ url, sha512: sha512(qcow2) }, folder, { log })).rejects.toThrow(
      'redirected more than 5 times: give the address it ends at in flotilla:local.image.url',
    );
  });

  test('of something else is refused and removed', async () => {
    const url = await serve((request, response) => sendFile(request, response, qcow2.length));
    const wrong = 'ab'.repeat(64);
    await expect(downloadImage({ url, sha512: wrong }, folder, { log })).rejects.toThrow(`expected ${wrong}`);
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a compressed image is refused', async () => {
    const gzip = Buffer.from('1f8b0800000000000000', 'hex');
    const url = await serve((_, response) => response.end(gzip));
    await expect(downloadImage({ url, sha512: sha512(gzip) }, folder, { log })).rejects.toThrow(
      'compressed (gzip)',
    );
  });

  test('goes through the proxy that the environment names', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url);
      response.end(qcow2);
    });
    const before = { http_proxy: process.env.http_proxy, no_proxy: process.env.no_proxy };
    Object.assign(process.env, { http_proxy: url, no_proxy: '' });
    try {
      await downloadImage({ url: 'http://images.invalid/disk', sha512: sha512(qcow2) }, folder, { log });
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    expect(asked).toEqual(['http://images.invalid/disk']);
  });
});

test('the cache downloads once, though two ask at the same time', async () => {
  let requests = 0;
  const url = await serve((request, response) => {
    requests++;
    sendFile(request, response, qcow2.length);
  });
  const source = { kind: 'url', url, sha512: sha512(qcow2) } as const;
  const images = await Promise.all([1, 2].map(() => ensureImage(source, { log, cache: folder })));
  expect(requests).toBe(1);
  expect(images[0]).toEqual(images[1]);
  expect(images[0]?.disk.format).toBe('qcow2');
  expect(images[0]?.boot).toBeUndefined();
  const { mode } = await stat(images[0]?.disk.file ?? '');
  expect(mode & 0o777).toBe(0o444);
});
