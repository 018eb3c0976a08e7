import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readImage } from './image.ts';
import { FakeCache } from './template-cache-fake.ts';

let cache: FakeCache;
let folder: string;
beforeEach(async () => {
  cache = await FakeCache.make();
  folder = join(cache.images, 'trixie-1');
});
afterEach(() => cache.remove());

async function image(files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const manifest = '{"key": "trixie-1"}';

describe('an image in the cache', () => {
  test('that was built has a kernel and a raw disk', async () => {
    const found = await readImage(
      await image({ 'manifest.json': manifest, 'disk.raw': '', vmlinuz: '', initrd: '' }),
    );
    expect(found).toEqual({
      key: 'trixie-1',
      folder,
      disk: { file: join(folder, 'disk.raw'), format: 'raw' },
      boot: { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd') },
    });
  });

  test('that was downloaded has a boot loader of its own', async () => {
    const found = await readImage(await image({ 'manifest.json': manifest, 'disk.qcow2': '' }));
    expect(found).toMatchObject({ disk: { file: join(folder, 'disk.qcow2'), format: 'qcow2' } });
    expect(found?.boot).toBeUndefined();
  });

  test('is none without its manifest', async () => {
    expect(await readImage(folder)).toBeUndefined();
    expect(await readImage(await image({ 'disk.raw': '' }))).toBeUndefined();
  });

  test.each(['', '{"key": "tri', 'null', '{}'])(
    'whose manifest cannot be read (%s) is named, with what to do',
    async (text) => {
      const found = readImage(await image({ 'manifest.json': text, 'disk.raw': '' }));
      await expect(found).rejects.toThrow(
        `${join(folder, 'manifest.json')} can't be read: remove ${folder} and try again`,
      );
    },
  );
});
