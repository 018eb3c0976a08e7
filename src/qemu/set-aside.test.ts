import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { setAside } from './set-aside.ts';
import { discardTemplate } from './template.ts';
import { FakeCache } from './template-cache-fake.ts';

let cache: FakeCache;
beforeEach(async () => {
  cache = await FakeCache.make();
});
afterEach(() => cache.remove());

const folders = () => readdirSync(cache.templates).filter((name) => !name.endsWith('.lock'));

test('a template has a name that nobody looks for, and no other has', async () => {
  const folder = await cache.template('a');
  const gone = await setAside(folder);
  expect(folders()).toEqual([basename(gone ?? '')]);
  expect(gone).toMatch(/\/a\.[0-9a-f-]{36}\.gone$/);
});

test('a leftover loses its ending', async () => {
  expect(await setAside(await cache.halfMade('a.part'))).toMatch(/\/a\.[0-9a-f-]{36}\.gone$/);
});

test('of two one is faster', async () => {
  const folder = await cache.template('a');
  const names = await Promise.all([setAside(folder), setAside(folder)]);
  expect(names.filter((name) => name !== undefined)).toHaveLength(1);
});

test('what is there and cannot be renamed is an error, for whoever removes it says that it is gone', async () => {
  const file = join(cache.templates, 'file');
  await cache.template('a');
  writeFileSync(file, '');
  await expect(discardTemplate({ folder: join(file, 'a') })).rejects.toThrow('ENOTDIR');
});

test('a discarded template is gone, and one that never was is no error', async () => {
  const folder = await cache.template('a');
  await discardTemplate({ folder });
  await discardTemplate({ folder });
  expect(folders()).toEqual([]);
});
