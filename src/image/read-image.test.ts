import { mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf, hexOf } from './digest.ts';
import { blobsOf, type Image } from './image.ts';
import { readImage } from './read-image.ts';
import {
  describe as descriptor,
  layoutFiles,
  manifestOf,
  sampleImage,
  savedFiles,
  writeArchive,
  writeFolder,
} from './sample-image.ts';

const sample = sampleImage(['lowest', 'x'.repeat(100_000), 'highest']);
const choice = { platform: 'linux/amd64' };
let folder: string;
let count = 0;
const fresh = () => join(folder, String(count++));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-image-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function contents(image: Image): Promise<string[]> {
  return Promise.all(blobsOf(image).map(async ({ digest }) => (await buffer(image.open(digest))).toString()));
}

describe('an image is read from', () => {
  test.each([
    ['a folder', () => writeFolder(fresh(), layoutFiles(sample))],
    ['an archive of an OCI layout', () => writeArchive(fresh(), layoutFiles(sample))],
    ['an archive of an older Docker', () => writeArchive(fresh(), savedFiles(sample))],
  ])('%s', async (_what, write) => {
    const image = await readImage(await write(), choice);
    expect(image.name).toBe('app:1');
    expect(image.config.digest).toBe(digestOf(sample.config));
    expect(image.layers.map(({ digest }) => digest)).toEqual(sample.layers.map(digestOf));
    expect(image.manifest.digest).toBe(digestOf(image.manifest.bytes));
    expect(await contents(image)).toEqual([sample.config, ...sample.layers].map(String));
    const [layer] = image.layers.slice(1);
    expect(await buffer(image.open(layer?.digest ?? '', { start: 3, end: 12 }))).toHaveLength(10);
  });

  test('an archive in which a layer is a link to one that is there', async () => {
    const twice = sampleImage(['same', 'other', 'same']);
    const files = savedFiles(twice);
    const saved = JSON.parse(String(files.get('manifest.json')));
    saved[0].Layers[2] = 'again/layer.tar';
    files.set('manifest.json', JSON.stringify(saved));
    const link = ['again/layer.tar', `../${hexOf(digestOf(Buffer.from('same')))}/layer.tar`] as const;
    const image = await readImage(await writeArchive(fresh(), files, [link]), choice);
    expect(image.layers).toHaveLength(3);
    expect(blobsOf(image)).toHaveLength(3);
  });

  test('an index of several platforms, without its attestations', async () => {
    const arm = sampleImage(['other'], 'arm64');
    const files = layoutFiles(sample);
    const index = JSON.parse(String(files.get('index.json')));
    const [amd64] = index.manifests;
    const manifest = manifestOf(arm);
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const platform = (architecture: string) => ({ platform: { os: 'linux', architecture } });
    const attestation = { ...amd64, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } };
    const list = [
      { ...amd64, ...platform('amd64') },
      { ...descriptor(type, manifest), ...platform('arm64') },
      attestation,
    ];
    const nested = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: list }));
    index.manifests = [
      {
        ...descriptor('application/vnd.oci.image.index.v1+json', nested),
        annotations: { 'io.containerd.image.name': 'docker.io/library/app:2' },
      },
    ];
    files.set('index.json', JSON.stringify(index));
    for (const bytes of [nested, manifest, arm.config, ...arm.layers])
      files.set(`blobs/sha256/${hexOf(digestOf(bytes))}`, bytes);
    const where = await writeFolder(fresh(), files);
    expect((await readImage(where, choice)).config.digest).toBe(digestOf(sample.config));
    const other = await readImage(where, { platform: 'linux/arm64' });
    expect(other.config.digest).toBe(digestOf(arm.config));
    await expect(readImage(where, { platform: 'linux/riscv64' })).rejects.toThrow(
      'it is for linux/amd64, linux/arm64, not for linux/riscv64',
    );
  });

  test('no source whose indexes list each other for ever', async () => {
    const files = layoutFiles(sample);
    const indexOf = (nested: Buffer) => {
      const one = descriptor('application/vnd.oci.image.index.v1+json', nested);
      return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: Array(1000).fill(one) }));
    };
    const inner = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));
    const middle = indexOf(inner);
    files.set('index.json', indexOf(middle));
    for (const bytes of [inner, middle]) files.set(`blobs/sha256/${hexOf(digestOf(bytes))}`, bytes);
    await expect(readImage(await writeFolder(fresh(), files), choice)).rejects.toThrow(
      'index.json: it leads to 200 indexes and more',
    );
  });

  test('a source with several images, by name', async () => {
    const other = sampleImage(['quite another']);
    const files = savedFiles(sample);
    for (const [path, bytes] of savedFiles(other, 'other:2'))
      if (path !== 'manifest.json') files.set(path, bytes);
    const both = [savedFiles(sample), savedFiles(other, 'other:2')].flatMap((each) =>
      JSON.parse(String(each.get('manifest.json'))),
    );
    files.set('manifest.json', JSON.stringify(both));
    const where = await writeArchive(fresh(), files);
    await expect(readImage(where, choice)).rejects.toThrow('it has 2 images: app:1, other:2');
    expect((await readImage(where, { ...choice, select: 'other:2' })).config.digest).toBe(
      digestOf(other.config),
    );
  });
});

describe('refused, with all that is wrong at once', () => {
  test('damaged blobs', async () => {
    const files = layoutFiles(sample);
    const [lowest = Buffer.alloc(0), , highest = Buffer.alloc(0)] = sample.layers;
    files.set(`blobs/sha256/${hexOf(digestOf(lowest))}`, 'lowesT');
    files.set(`blobs/sha256/${hexOf(digestOf(highest))}`, 'cut');
    const reading = readImage(await writeFolder(fresh(), files), choice);
    await expect(reading).rejects.toThrow(
      /it has 3 bytes; 7 were expected.*its digest is sha256:.*make it anew/s,
    );
  });

  test('a layer that an older archive has other bytes of', async () => {
    const files = savedFiles(sample);
    files.set(`${hexOf(digestOf(Buffer.from('lowest')))}/layer.tar`, 'else');
    await expect(readImage(await writeArchive(fresh(), files), choice)).rejects.toThrow(
      "the image's config says",
    );
  });

  test('what leads out of an archive', async () => {
    const files = [
      ...layoutFiles(sample),
      ['../../etc/passwd', 'root'],
      ['/etc/shadow', 'root'],
      ['twice', 'a'],
      ['twice', 'b'],
    ] as const;
    const links = [
      ['up', '../../etc/passwd'],
      ['abs', '/etc/passwd'],
    ] as const;
    const reading = readImage(await writeArchive(fresh(), files, links), choice);
    const wrong = [
      'etc/passwd: it leads out',
      '/etc/shadow: it leads out',
      'twice: the archive has it twice',
      'up: its link',
      'abs: its link',
    ];
    for (const each of wrong) await expect(reading).rejects.toThrow(each);
  });

  test('a link that leads out of a folder', async () => {
    const files = layoutFiles(sample);
    const where = await writeFolder(fresh(), files);
    const outside = join(folder, 'outside');
    await writeFile(outside, 'lowest');
    const blob = join(where, 'blobs', 'sha256', hexOf(digestOf(Buffer.from('lowest'))));
    await unlink(blob);
    await symlink(outside, blob);
    await expect(readImage(where, choice)).rejects.toThrow('there is no such file');
  });

  const change = (path: string, to: (document: never) => unknown) => {
    const files = layoutFiles(sample);
    files.set(path, JSON.stringify(to(JSON.parse(String(files.get(path))) as never)));
    return files;
  };
  test.each([
    [
      'a digest that is a path',
      change('index.json', (index: { manifests: object[] }) => ({
        ...index,
        manifests: [{ ...index.manifests[0], digest: 'sha256:../../../etc/passwd' }],
      })),
      'manifests.0.digest: expected sha256:',
    ],
    [
      'an index without a version',
      change('index.json', () => ({ manifests: [] })),
      'index.json: schemaVersion',
    ],
    [
      'an unknown layout',
      change('oci-layout', () => ({ imageLayoutVersion: '9' })),
      'oci-layout: imageLayoutVersion',
    ],
    ['an empty index', change('index.json', () => ({ schemaVersion: 2, manifests: [] })), 'it has 0 images'],
    ['what is no image', new Map([['readme', 'hello']]), 'neither this file nor manifest.json'],
  ])('%s', async (_what, files, message) => {
    await expect(readImage(await writeFolder(fresh(), files), choice)).rejects.toThrow(message);
  });

  test.each([['oci-layout'], ['index.json']])('an archive in which %s is empty', async (path) => {
    const where = await writeArchive(fresh(), layoutFiles(sample).set(path, ''));
    await expect(readImage(where, choice)).rejects.toThrow(`${path}: the document: `);
  });

  test('a foreign layer', async () => {
    const foreign = { ...sample };
    const files = layoutFiles(foreign);
    const text = manifestOf(sample).toString().replace('layer.v1.tar', 'layer.nondistributable.v1.tar');
    const manifest = Buffer.from(text);
    files.set(`blobs/sha256/${hexOf(digestOf(manifest))}`, manifest);
    const described = descriptor('application/vnd.oci.image.manifest.v1+json', manifest);
    files.set('index.json', JSON.stringify({ schemaVersion: 2, manifests: [described] }));
    await expect(readImage(await writeFolder(fresh(), files), choice)).rejects.toThrow(
      'which is kept elsewhere',
    );
  });

  test('an archive that is compressed, or none at all', async () => {
    const where = await writeArchive(fresh(), layoutFiles(sample));
    const packed = fresh();
    await writeFile(packed, gzipSync('anything'));
    await expect(readImage(packed, choice)).rejects.toThrow('gunzip');
    await writeFile(where, 'not a tar '.repeat(200));
    await expect(readImage(where, choice)).rejects.toThrow('it is no archive that could be read');
  });
});
