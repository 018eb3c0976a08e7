import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BlobCache } from '../../image/blob-cache.ts';
import { hexOf } from '../../image/digest.ts';
import { FakeDocker } from '../../image/fake-docker.ts';
import { blobsOf, type Image } from '../../image/image.ts';
import { recordOf } from '../../image/record.ts';
import { imageInMemory, sampleImage } from '../../image/sample-image.ts';
import type { ImageRecord } from '../../model/image-record.ts';
import { type Authority, createAuthority } from '../../pki/authority.ts';
import { createOwnLeaf } from '../../pki/own-leaf.ts';
import type { Source } from './image-host.ts';
import { LocalImageHost } from './local-image-host.ts';
import type { PeerTls } from './peers.ts';

interface Machine {
  readonly id: string;
  readonly docker: FakeDocker;
  readonly folder: string;
  readonly host: LocalImageHost;
}

let authority: Authority;
let root: string;
let machines: Machine[];
const image = imageInMemory(sampleImage([randomBytes(500_000), 'second']));
const record: ImageRecord = { ...recordOf('team/app:1', image), former: [] };

beforeAll(async () => {
  authority = await createAuthority({ name: 'test' });
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flotilla-host-'));
  machines = [await startMachine('a'), await startMachine('b')];
});

afterEach(async () => {
  for (const { docker, host } of machines) {
    docker.close();
    await host.close();
  }
  await rm(root, { recursive: true });
});

async function tlsOf(commonName: string, by = authority): Promise<PeerTls> {
  const usages = ['client', 'server'] as const;
  const { certificate: cert, privateKey: key } = await createOwnLeaf({ authority: by, commonName, usages });
  return { ca: authority.certificate, cert, key };
}

async function startMachine(id: string): Promise<Machine> {
  const folder = join(root, id, 'images');
  await mkdir(join(root, id));
  const docker = await new FakeDocker(join(root, `${id}.sock`)).listen();
  const options = { tls: await tlsOf(id), address: '127.0.0.1', docker: docker.socket, folder };
  return { id, docker, folder, host: new LocalImageHost(options) };
}

/** As a push leaves it on the seed. */
async function seed({ folder }: Machine, { manifest, ...pushed }: Image, name = 'amd64/team/app:1') {
  await mkdir(folder, { recursive: true });
  const cache = new BlobCache(folder, async (blob) => pushed.open(blob.digest));
  await cache.keepOnly(name, [...blobsOf(pushed), manifest]);
  await cache.put(manifest, manifest.bytes);
  for (const blob of blobsOf(pushed)) for await (const _ of await cache.open(blob));
}

/** The machine's word, as others read it. */
async function offer({ id, host }: Machine, isMember = (_: string) => true): Promise<Source> {
  const port = await host.serve(await host.kept([record]), isMember);
  if (port === undefined) throw new Error(`${id} serves nothing`);
  return { machineId: id, address: '127.0.0.1', port, images: [record.manifest.digest] };
}

async function blobsIn({ folder }: Machine): Promise<string[]> {
  return (await readdir(folder)).filter((file) => !['names', 'kept'].includes(file));
}

function find(id: string): Machine {
  const found = machines.find((machine) => machine.id === id);
  if (!found) throw new Error(`there is no machine ${id}`);
  return found;
}
const [a, b] = [() => find('a'), () => find('b')];

describe('a machine that lacks an image', () => {
  test('has its Docker pull it from one that keeps it, by digest, and keeps nothing itself', async () => {
    await seed(a(), image);
    await b().host.pull(record, [await offer(a())]);
    expect([...b().docker.names]).toEqual([['team/app:1', image.config.digest]]);
    expect(await b().host.names()).toEqual(new Map([['team/app:1', image.config.digest]]));
    expect(await readdir(b().folder).catch(() => [])).toEqual([]);
  });

  test('asks the next one where the first does not answer', async () => {
    await seed(a(), image);
    const source = await offer(a());
    await b().host.pull(record, [{ ...source, machineId: 'c', port: 1 }, source]);
    expect(b().docker.names.get('team/app:1')).toBe(image.config.digest);
  });

  test('can keep it too, and serve it then', async () => {
    await seed(a(), image);
    await b().host.keep(record, [await offer(a())]);
    expect(await b().host.kept([record])).toEqual([record]);
    const c = await startMachine('c');
    machines.push(c);
    await c.host.pull(record, [await offer(b())]);
    expect(c.docker.names.get('team/app:1')).toBe(image.config.digest);
  });

  test('trusts no machine that is another one than it says', async () => {
    await seed(a(), image);
    const source = { ...(await offer(a())), machineId: 'c' };
    await expect(b().host.pull(record, [source])).rejects.toThrow('it is a, not c');
  });

  test('takes no manifest that is another image’s', async () => {
    await seed(a(), image);
    const other = { ...record, id: `sha256:${'0'.repeat(64)}` };
    await expect(b().host.pull(other, [await offer(a())])).rejects.toThrow('is no manifest of sha256:000');
  });
});

describe('what a machine serves', () => {
  /** Status of a request, or the error that ends it. */
  async function ask(port: number, path: string, tls: Partial<PeerTls>, method = 'GET'): Promise<unknown> {
    return new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        ca: authority.certificate,
        ...tls,
      };
      request({ ...options, checkServerIdentity: () => undefined }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode));
      })
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        .end();
    });
  }
  const path = `/blobs/${image.config.digest}`;

  test('is for certificates of the cluster whose machine is a member', async () => {
    await seed(a(), image);
    const { port } = await offer(a(), (id) => id === 'b');
    expect(await ask(port, path, await tlsOf('b'))).toBe(200);
    expect(await ask(port, path, await tlsOf('c'))).toBe(403);
    expect(await ask(port, path, {})).toMatch(/^ERR_SSL|ECONNRESET|EPIPE/);
    const foreign = await tlsOf('b', await createAuthority({ name: 'another' }));
    expect(await ask(port, path, foreign)).toMatch(/^ERR_SSL|ECONNRESET|EPIPE/);
  });

  test('are the blobs of recorded images, read-only', async () => {
    await seed(a(), image);
    await seed(a(), imageInMemory(sampleImage(['not recorded'])), 'amd64/other:1');
    const { port } = await offer(a());
    const tls = await tlsOf('b');
    expect(await ask(port, path, tls, 'DELETE')).toBe(405);
    expect(await ask(port, '/blobs/../names', tls)).toBe(404);
    const [blob = ''] = imageInMemory(sampleImage(['not recorded'])).diffIds;
    expect(await readdir(a().folder)).toContain(hexOf(blob));
    expect(await ask(port, `/blobs/${blob}`, tls)).toBe(404);
  });

  test('is nothing, at no port, while it keeps nothing', async () => {
    expect(await a().host.serve([], () => true)).toBeUndefined();
    await seed(a(), image);
    const { port } = await offer(a());
    expect(await a().host.serve([], () => true)).toBeUndefined();
    expect(await ask(port, path, await tlsOf('b'))).toBe('ECONNREFUSED');
  });
});

describe('the folder', () => {
  test('an image is kept when all of it is there', async () => {
    await seed(a(), image);
    await rm(join(a().folder, hexOf(image.diffIds[1] ?? '')));
    expect(await a().host.kept([record])).toEqual([]);
  });

  test('what nobody wants any more goes, but not what a push has just brought', async () => {
    await seed(a(), image);
    await seed(a(), imageInMemory(sampleImage(['of a push'])), 'amd64/new:1');
    await writeFile(join(a().folder, `${'1'.repeat(64)}.part`), 'left over');
    await a().host.release([], []);
    expect(await blobsIn(a())).toHaveLength(4 + 3);
    const names = join(a().folder, 'names');
    for (const file of await readdir(names)) await utimes(join(names, file), 0, 0);
    await a().host.release([record], [record]);
    expect(await blobsIn(a())).toHaveLength(4);
    expect(await a().host.kept([record])).toEqual([record]);
    await expect(stat(join(root, 'b', 'images'))).rejects.toThrow('ENOENT');
    await b().host.release([], []);
  });
});

test('an image that others keep goes at once, but not a newer push of its name', async () => {
  await seed(a(), image);
  await a().host.release([], [record]);
  expect(await blobsIn(a())).toEqual([]);
  const newer = imageInMemory(sampleImage(['newer']));
  await seed(a(), newer);
  await a().host.release([], [record]);
  expect(await blobsIn(a())).toHaveLength(3);
});

test('a push of what is kept in an earlier version goes on, whatever the agent does meanwhile', async () => {
  await seed(a(), image);
  await a().host.release([record], [record]);
  const newer = imageInMemory(sampleImage(['newer']));
  const next: ImageRecord = { ...recordOf('team/app:1', newer), former: [record.id] };
  await seed(a(), newer);
  await a().host.release([record], [record]);
  expect(await a().host.kept([record, next])).toEqual([record, next]);
  await a().host.release([next], [next]);
  expect(await a().host.kept([next])).toEqual([next]);
  expect(await blobsIn(a())).toHaveLength(3);
});

test('Docker loses former images that have neither a name nor a container', async () => {
  const { docker, host } = a();
  docker.images.set('sha256:1', { layers: [], size: 1 });
  docker.images.set('sha256:2', { layers: [], size: 1 });
  docker.images.set('sha256:3', { layers: [], size: 1 });
  docker.names.set('app:1', 'sha256:2');
  await host.prune(['sha256:1', 'sha256:2']);
  expect([...docker.images.keys()]).toEqual(['sha256:2', 'sha256:3']);
});
