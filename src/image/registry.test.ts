import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf } from './digest.ts';
import { blobsOf } from './image.ts';
import { authorization, registry, type Sent } from './registry.ts';
import { imageInMemory, sampleImage } from './sample-image.ts';
import { parseRange } from './span.ts';

const image = imageInMemory(sampleImage(['0123456789', 'second']));
const manifest = image.manifest.digest;
const [layer = ''] = image.layers.map(({ digest }) => digest);
const nothing = digestOf(Buffer.from('nothing'));
const sent: Sent[] = [];
let server: Server;
let base: string;

beforeAll(async () => {
  const { manifest, open } = image;
  const served = { repository: 'team/app', tag: '1', manifest, blobs: blobsOf(image), open };
  server = createServer(registry(served, { secret: 'right', onSent: (each) => sent.push(each) }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

function ask(method: string, path: string, headers: Record<string, string> = {}) {
  return fetch(base + path, {
    method,
    headers: { authorization: authorization('core-1', 'right'), ...headers },
  });
}

/** Of the distribution specification 1.1: what a client may pull, and what it is told when it can't. */
describe('the registry answers', () => {
  test.each([
    ['GET', '/v2/', 200, '{}'],
    ['HEAD', '/v2/', 200, ''],
    ['GET', `/v2/team/app/manifests/${manifest}`, 200, image.manifest.bytes.toString()],
    ['GET', '/v2/team/app/manifests/1', 200, image.manifest.bytes.toString()],
    ['HEAD', '/v2/team/app/manifests/1', 200, ''],
    ['GET', `/v2/team/app/blobs/${layer}`, 200, '0123456789'],
    ['HEAD', `/v2/team/app/blobs/${layer}`, 200, ''],
    ['GET', `/v2/team/app/manifests/${nothing}`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', '/v2/team/app/manifests/2', 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/team/app/blobs/${nothing}`, 404, 'BLOB_UNKNOWN'],
    ['GET', '/v2/team/app/blobs/sha256:12', 400, 'DIGEST_INVALID'],
    ['GET', '/v2/team/app/blobs/..%2f..%2fetc%2fpasswd', 400, 'DIGEST_INVALID'],
    ['GET', `/v2/other/blobs/${layer}`, 404, 'NAME_UNKNOWN'],
    ['GET', '/v2/_catalog', 404, 'NAME_UNKNOWN'],
    ['GET', '/', 404, 'NAME_UNKNOWN'],
    ['POST', '/v2/team/app/blobs/uploads/', 405, 'UNSUPPORTED'],
    ['PUT', '/v2/team/app/manifests/1', 405, 'UNSUPPORTED'],
    ['DELETE', `/v2/team/app/manifests/${manifest}`, 405, 'UNSUPPORTED'],
  ])('%s %s with %i', async (method, path, status, body) => {
    const response = await ask(method, path);
    expect(response.status).toBe(status);
    const text = await response.text();
    if (status === 200) expect(text).toBe(body);
    else expect(JSON.parse(text).errors[0].code).toBe(body);
  });

  test('digest, length and type of what it has, for HEAD as for GET', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await ask(method, '/v2/team/app/manifests/1');
      expect(headers.get('docker-content-digest')).toBe(manifest);
      expect(headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json');
      expect(headers.get('content-length')).toBe(String(image.manifest.size));
      expect((await ask(method, `/v2/team/app/blobs/${layer}`)).headers.get('content-length')).toBe('10');
    }
  });

  test.each([
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=2-3', 206, '23', 'bytes 2-3/10'],
    ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['lines=1-', 200, '0123456789', null],
  ])('a range %s with %i', async (range, status, body, contentRange) => {
    const response = await ask('GET', `/v2/team/app/blobs/${layer}`, { range });
    expect([response.status, await response.text()]).toEqual([status, body]);
    expect(response.headers.get('content-range')).toBe(contentRange);
  });

  test.each([[''], [authorization('core-1', 'wrong')], [authorization('right', '')], ['Bearer right']])(
    'nobody without the password (%s)',
    async (given) => {
      const response = await ask('GET', '/v2/', { authorization: given });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic /);
      expect(await response.text()).toContain('UNAUTHORIZED');
    },
  );

  test('and counts what goes out, by who asked', async () => {
    sent.length = 0;
    await (await ask('GET', `/v2/team/app/blobs/${layer}`, { range: 'bytes=4-' })).text();
    await ask('HEAD', `/v2/team/app/blobs/${layer}`);
    expect(sent).toEqual([{ to: 'core-1', digest: layer, bytes: 6 }]);
  });
});

test.each([
  ['bytes=5-2', 10, undefined],
  ['bytes=-', 10, undefined],
  [undefined, 10, undefined],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-20', 10, { start: 0, end: 9 }],
])('a range of %s in %i bytes', (header, size, span) => {
  expect(parseRange(header, size)).toEqual(span);
});
