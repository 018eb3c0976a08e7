import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { listCache } from './template-cache.ts';
import { FakeCache } from './template-cache-fake.ts';

let cache: FakeCache;

beforeEach(async () => {
  cache = await FakeCache.make();
});

afterEach(() => cache.remove());

const states = async () =>
  (await listCache(cache.env)).map(({ kind, name, state }) => `${kind} ${name} ${state}`);

test('no cache is an empty one', async () => {
  expect(await listCache(cache.env)).toEqual([]);
});

test('templates come first, the last used one before the others, then locks and images', async () => {
  await cache.template('a', { days: 2 });
  await cache.template('b', { days: 1 });
  await cache.image('trixie-1');
  expect(await states()).toEqual([
    ...['template b complete', 'template a complete'],
    ...['lock a.lock complete', 'lock b.lock complete', 'image trixie-1 complete'],
  ]);
});

test('an entry says what the manifest says, and what is really taken on disk', async () => {
  await cache.template('a', { days: 2, kib: 256 });
  const [entry] = await listCache(cache.env);
  expect(entry).toMatchObject({
    key: 'a',
    about: { image: 'trixie-1', accelerator: 'tcg', cpus: 1, memory: 1024, disk: 8 },
  });
  expect(entry?.bytes).toBeGreaterThanOrEqual(256 * 1024);
  expect(entry?.bytes).toBeLessThan(512 * 1024);
  expect(Math.round((Date.now() - (entry?.lastUse ?? 0)) / 86_400_000)).toBe(2);
  expect(Date.now() - (entry?.madeAt ?? 0)).toBeLessThan(60_000);
});

test('what no machine could start from is half-made, and what a prune left half-removed', async () => {
  await cache.halfMade('a.part');
  await cache.halfMade('b.0.gone');
  await cache.template('c');
  await rm(join(cache.templates, 'c', 'devices'));
  await cache.template('d');
  await writeFile(join(cache.templates, 'd', 'manifest.json'), '{');
  await rm(join(await cache.image('trixie-2'), 'manifest.json'));
  const found = (await states()).filter((line) => !line.startsWith('lock'));
  expect(found.sort()).toEqual([
    'image trixie-2 half-made',
    ...['template a.part half-made', 'template b.0.gone removed'],
    ...['template c half-made', 'template d half-made'],
  ]);
});

test('other files are nobody of ours', async () => {
  await mkdir(cache.images, { recursive: true });
  await writeFile(join(cache.images, 'accelerator.json'), '{}');
  expect(await listCache(cache.env)).toEqual([]);
});
