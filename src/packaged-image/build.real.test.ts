import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readImage } from '../image/read-image.ts';
import { buildImage } from './build.ts';
import { parseDefinition } from './definition.ts';

/** By mmdebstrap, of this computer's mirror of Debian. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-images-'));
});
afterAll(() => rm(folder, { recursive: true }));

const text = `name: tool:1
steps:
  - packages: [tini]
  - run: useradd --system tool && rm /etc/motd && chmod 4755 /usr/bin/tini
config: { entrypoint: [/usr/bin/tini, --], user: tool }
`;

test('two builds from nothing give the same image, whose layers are the packages and what was changed', async () => {
  const definition = parseDefinition('image.yaml', text);
  const build = (cache: string) =>
    buildImage(definition, { cache: join(folder, cache), folders: [], log: () => {} });
  const read = async (cache: string) => readImage(await build(cache), { platform: 'linux/amd64' });
  const one = await read('one');
  expect((await read('two')).manifest.digest).toBe(one.manifest.digest);
  const [base = 0, packages = 0, changed = 0] = one.layers.map(({ size }) => size);
  expect(base).toBeGreaterThan(10_000_000);
  // A program with its entry in dpkg's lists, and not what was there before.
  expect(packages).toBeLessThan(2_000_000);
  expect(changed).toBeLessThan(200_000);
}, 600_000);
