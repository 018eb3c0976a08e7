import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, hexOf } from '../digest.ts';
import { FakeDocker } from '../fake-docker.ts';
import { sampleImage } from '../sample-image.ts';
import { exportImage } from './export-image.ts';
import { FakeBuilder } from './fake-builder.ts';

const sample = sampleImage(['base', 'base', 'x'.repeat(100_000)]);
const layers = sample.layers.map(digestOf);
let folder: string;
let docker: FakeDocker;
let builder: FakeBuilder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-export-'));
  docker = await new FakeDocker(join(folder, 'docker.sock')).listen();
  builder = new FakeBuilder(docker, sample);
});
afterEach(async () => {
  docker.close();
  await rm(folder, { recursive: true });
});

const cache = () => join(folder, 'cache');
const exported = (name = 'app:1', wanted = layers) =>
  exportImage({ socket: docker.socket, cache: cache(), name, id: builder.id, layers: wanted });
const blobs = async () => (await readdir(cache())).filter((file) => file !== 'names').sort();

describe('an image that is taken out of Docker', () => {
  test('is its config and each layer once, by digest, and nothing else', async () => {
    const sizes = await exported();
    expect(sizes).toEqual({
      [builder.id]: sample.config.length,
      [layers[0] ?? '']: 4,
      [layers[2] ?? '']: 100_000,
    });
    expect(await blobs()).toEqual(Object.keys(sizes).map(hexOf).sort());
    expect(await readFile(join(cache(), hexOf(layers[0] ?? '')), 'utf8')).toBe('base');
  });

  test('is not taken out again, unless something of it is damaged', async () => {
    await exported();
    await exported();
    expect(builder.saved).toBe(1);
    await writeFile(join(cache(), hexOf(layers[2] ?? '')), 'something else');
    await exported();
    expect(builder.saved).toBe(2);
    expect((await readFile(join(cache(), hexOf(layers[2] ?? '')))).length).toBe(100_000);
  });

  test('that Docker does not have whole is told, and leaves no half blob', async () => {
    const other = digestOf(Buffer.from('other'));
    await expect(exported('app:1', [...layers, other])).rejects.toThrow(`Docker saved no ${other}`);
    expect(await blobs()).toHaveLength(3);
  });

  test('that Docker does not save is told with what it answered', async () => {
    docker.route = (_request, response) => {
      response.writeHead(404).end();
      return true;
    };
    await expect(exported()).rejects.toThrow(`Docker answered 404 to the save of ${builder.id}`);
  });

  test('that Docker breaks off is told, and the rest comes the next time', async () => {
    const { route } = docker;
    docker.route = (_request, response) => {
      response.writeHead(200).write('half a header', () => response.destroy());
      return true;
    };
    await expect(exported()).rejects.toThrow('aborted');
    docker.route = route;
    expect(Object.keys(await exported())).toHaveLength(3);
    expect(await blobs()).toHaveLength(3);
  });
});
