import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readImage } from '../image/read-image.ts';
import { type BuildImageOptions, buildImage } from './build.ts';
import type { Debian } from './chroot.ts';
import { type ChrootStep, type Definition, parseDefinition } from './definition.ts';
import { writeRoot } from './sample-root.ts';

let folder: string;
let done: (ChrootStep | 'base')[];
let options: BuildImageOptions & { cache: string };

/** Writes roots that say what was done, and takes its time. */
const debian: Debian = {
  async makeBase(root) {
    done.push('base');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writeRoot(root, { 'etc/': '', 'etc/debian_version': '13' });
  },
  async doStep(step, { after }) {
    done.push(step);
    if ('run' in step && step.run === 'false') throw new Error('false ended with 1');
    await writeRoot(after, { 'etc/': '', 'etc/debian_version': '13', 'etc/step': JSON.stringify(step) });
  },
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-build-'));
  await mkdir(join(folder, 'files'));
  await writeFile(join(folder, 'files', 'page.html'), 'Hello');
  done = [];
  options = { cache: join(folder, 'cache'), folders: [join(folder, 'files')], debian, log: () => {} };
});
afterEach(() => rm(folder, { recursive: true }));

const definition = (name: string, ...steps: string[]) =>
  parseDefinition('image.yaml', `name: ${name}\nsteps: [${steps.map((step) => `{${step}}`).join(', ')}]`);

const read = (where: string) =>
  readImage(where, { platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}` });

const nginx = ['packages: [nginx-light]', 'copy: {page.html: /srv/www/page.html}'] as const;

test('an image has the base and a layer for each step', async () => {
  const image = await read(await buildImage(definition('nginx:1', ...nginx), options));
  expect(image.name).toBe('nginx:1');
  expect(image.layers).toHaveLength(3);
  expect(done).toEqual(['base', { packages: ['nginx-light'] }]);
});

test('images share what they begin with, and nothing is made twice', async () => {
  const one = await read(await buildImage(definition('one:1', ...nginx), options));
  const two = await read(await buildImage(definition('two:1', nginx[0], 'run: "true"'), options));
  expect(two.layers.slice(0, 2)).toEqual(one.layers.slice(0, 2));
  await buildImage(definition('one:1', ...nginx), options);
  expect(done).toEqual(['base', { packages: ['nginx-light'] }, { run: 'true' }]);
});

test('layers are packed with zstd, or with gzip where somebody asks for it', async () => {
  const packings = async (image: Definition) => {
    const { layers } = await read(await buildImage(image, options));
    return new Set(layers.map(({ mediaType }) => mediaType.split('+')[1]));
  };
  expect(await packings(definition('one:1', ...nginx))).toEqual(new Set(['zstd']));
  expect(await packings({ ...definition('one:1', ...nginx), compression: 'gzip' })).toEqual(
    new Set(['gzip']),
  );
});

test('another content of a file is another layer, and the ones below stay', async () => {
  const one = await read(await buildImage(definition('one:1', ...nginx), options));
  await writeFile(join(folder, 'files', 'page.html'), 'Goodbye');
  const two = await read(await buildImage(definition('one:1', ...nginx), options));
  expect(two.layers.slice(0, 2)).toEqual(one.layers.slice(0, 2));
  expect(two.layers[2]).not.toEqual(one.layers[2]);
});

test('two at once make each layer once', async () => {
  const build = () => buildImage(definition('nginx:1', ...nginx), options);
  const [one, two] = await Promise.all([build(), build()]);
  expect(one).toBe(two);
  expect(done).toHaveLength(2);
});

test('a step that fails leaves nothing, and the layers before it stay', async () => {
  await expect(buildImage(definition('a:1', 'run: "false"'), options)).rejects.toThrow('ended with 1');
  const left = (await readdir(options.cache, { recursive: true })).filter((name) => name.includes('.part'));
  expect(left).toEqual([]);
  await buildImage(definition('a:1', 'run: "true"'), options);
  expect(done.filter((step) => step === 'base')).toHaveLength(1);
});

test('what a killed build left is removed', async () => {
  await buildImage(definition('a:1', 'run: "true"'), options);
  const layers = join(options.cache, 'layers');
  const [key = ''] = (await readdir(layers)).filter((name) => !name.includes('.'));
  await rm(join(layers, key), { recursive: true });
  await mkdir(join(layers, `${key}.1.part`, 'work'), { recursive: true });
  await buildImage(definition('a:1', 'run: "true"'), options);
  expect((await readdir(layers)).filter((name) => name.includes('.part'))).toEqual([]);
});

test('all missing files are named before anything is built', async () => {
  const building = buildImage(definition('a:1', 'copy: {one: /one, two: /two}'), options);
  await expect(building).rejects.toThrow(/one: there is no such file[\s\S]*two: there is no such file/);
  expect(done).toEqual([]);
});

test('a folder is copied with what is in it, and what can be run stays so', async () => {
  await mkdir(join(folder, 'files', 'app'));
  await writeFile(join(folder, 'files', 'app', 'start'), '#!/bin/sh\n', { mode: 0o700 });
  await buildImage(definition('a:1', 'copy: {app: /opt/app}', 'run: ls'), options);
  expect(done).toEqual(['base', { run: 'ls' }]);
});
