import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '../image/digest.ts';
import { compressionNames, compressions } from './compression.ts';
import { listCopied, writeCopied } from './copied-files.ts';
import { writeDifference } from './difference.ts';
import { readEntries, skip } from './entries.ts';
import { flatten, readRoot } from './flatten.ts';
import { type SampleRoot, writeRoot } from './sample-root.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-difference-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(compressionNames)('packed with %s', (compression) => {
  async function entriesOf(file: string, packed = true): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const source = createReadStream(file);
    for await (const { path, header, contents } of readEntries(
      packed ? source.pipe(compressions[compression].unpack()) : source,
    )) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of contents) chunks.push(chunk);
      found[path] =
        header.type === 'file' ? Buffer.concat(chunks).toString() : `${header.type} ${header.linkname ?? ''}`;
    }
    return found;
  }

  const at = (name: string) => join(folder, name);

  /** The layer between two roots, after which both layers together were unpacked again. */
  async function layerOf(before: SampleRoot, after: SampleRoot) {
    await writeRoot(at('before.tar'), before);
    await writeRoot(at('after.tar'), after);
    await writeDifference(undefined, at('before.tar'), at('lower'), compression);
    const layer = await writeDifference(at('before.tar'), at('after.tar'), at('upper'), compression);
    await flatten([at('lower'), at('upper')], at('flat.tar'), compression);
    return { layer, upper: await entriesOf(at('upper')), flat: await entriesOf(at('flat.tar'), false) };
  }

  test('a layer has what is new or changed, and a mark for what is gone', async () => {
    const { upper, flat } = await layerOf(
      {
        'etc/': '',
        'etc/a': 'same',
        'etc/b': 'old',
        'etc/gone': 'x',
        'opt/': '',
        'opt/app/': '',
        'opt/app/f': 'y',
      },
      { 'etc/': '', 'etc/a': 'same', 'etc/b': 'new', 'etc/c': 'added', 'opt/': '' },
    );
    expect(upper).toEqual({
      ...{ 'etc/.wh.gone': '', 'opt/.wh.app': '' },
      ...{ etc: 'directory ', 'etc/b': 'new', 'etc/c': 'added', opt: 'directory ' },
    });
    expect(flat).toEqual({
      etc: 'directory ',
      'etc/a': 'same',
      'etc/b': 'new',
      'etc/c': 'added',
      opt: 'directory ',
    });
  });

  test('another mode, owner or capability is a change, another time is none', async () => {
    const capability = { 'SCHILY.xattr.security.capability': 'cap' };
    const { upper } = await layerOf(
      {
        a: { type: 'file', mode: 0o644 },
        b: { type: 'file', uid: 0 },
        c: { type: 'file' },
        d: { type: 'file', mtime: new Date(1) },
      },
      {
        a: { type: 'file', mode: 0o755 },
        b: { type: 'file', uid: 33 },
        c: { type: 'file', pax: capability },
        d: { type: 'file', mtime: new Date(2000) },
      },
    );
    expect(Object.keys(upper)).toEqual(['a', 'b', 'c']);
  });

  test('a changed file takes its hard links along, and a link alone takes its file', async () => {
    const link = { type: 'link', linkname: './bin/a' } as const;
    const { upper, flat } = await layerOf(
      { 'bin/': '', 'bin/a': 'old', 'bin/b': link, 'bin/x': 'same' },
      {
        'bin/': '',
        'bin/a': 'new',
        'bin/b': link,
        'bin/x': 'same',
        'bin/y': { type: 'link', linkname: './bin/x' },
      },
    );
    expect(upper).toEqual({
      bin: 'directory ',
      ...{ 'bin/a': 'new', 'bin/b': 'link bin/a', 'bin/x': 'same', 'bin/y': 'link bin/x' },
    });
    expect(flat).toMatchObject({ 'bin/a': 'new', 'bin/b': 'link bin/a', 'bin/y': 'link bin/x' });
  });

  test('which name of a file comes first in a root is no change', async () => {
    const linkTo = (linkname: string) => ({ type: 'link' as const, linkname });
    const { upper } = await layerOf(
      { 'bin/': '', 'bin/a': 'same', 'bin/b': linkTo('./bin/a') },
      { 'bin/': '', 'bin/b': 'same', 'bin/a': linkTo('./bin/b'), new: 'x' },
    );
    expect(upper).toEqual({ new: 'x' });
  });

  test('where a folder became a file or a link, nothing of the folder is left', async () => {
    const { upper, flat } = await layerOf(
      { 'a/': '', 'a/b/': '', 'a/b/c': 'x', z: 'file' },
      { 'a/': '', 'a/b': { type: 'symlink', linkname: '../z' }, 'z/': '', 'z/new': 'y' },
    );
    expect(upper).toEqual({ a: 'directory ', 'a/b': 'symlink ../z', z: 'directory ', 'z/new': 'y' });
    expect(flat).toEqual({ a: 'directory ', 'a/b': 'symlink ../z', z: 'directory ', 'z/new': 'y' });
  });

  test('what a container gets from elsewhere is left out', async () => {
    const device = { type: 'character-device', devmajor: 1, devminor: 3 } as const;
    const { flat } = await layerOf({}, { 'dev/': '', 'dev/null': device, 'run/': '', 'run/lock': 'x' });
    expect(flat).toEqual({ dev: 'directory ', run: 'directory ' });
  });

  test('the same contents give the same bytes, whenever they are written', async () => {
    const root = { 'etc/': '', 'etc/a': 'text' };
    await writeRoot(at('one.tar'), root);
    await writeRoot(at('two.tar'), { 'etc/': { mtime: new Date(0) }, 'etc/a': 'text' });
    const one = await writeDifference(undefined, at('one.tar'), at('one'), compression);
    expect(await writeDifference(undefined, at('two.tar'), at('two'), compression)).toEqual(one);
    const bytes = await readFile(at('one'));
    expect(one.blob).toMatchObject({ digest: digestOf(bytes), size: bytes.length });
  });

  test('a tar file that is cut off is refused', async () => {
    await writeRoot(at('whole.tar'), { a: 'x'.repeat(5000) });
    await writeFile(at('part.tar'), (await readFile(at('whole.tar'))).subarray(0, 3000));
    await expect(writeDifference(undefined, at('part.tar'), at('layer'), compression)).rejects.toThrow();
  });

  /** Who owns what is in a layer, and its mode: Docker has what a layer says, or else what it makes itself. */
  async function ownersOf(file: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const entry of readEntries(createReadStream(file).pipe(compressions[compression].unpack()))) {
      found[entry.path] = `${entry.header.uid} ${entry.header.mode?.toString(8)}`;
      await skip(entry);
    }
    return found;
  }

  const owned: SampleRoot = {
    'srv/': '',
    'srv/data/': { uid: 1000, gid: 1000, mode: 0o700 },
  };

  test('a folder in which something changes keeps its owner and mode', async () => {
    await layerOf(owned, { ...owned, 'srv/data/new': 'x' });
    expect(await ownersOf(at('upper'))).toEqual({
      ...{ srv: '0 755', 'srv/data': '1000 700', 'srv/data/new': '0 644' },
    });
  });

  test('so does one into which something is copied', async () => {
    await layerOf(owned, owned);
    await writeFile(at('page'), 'Hello');
    const files = await listCopied({ copy: { page: '/srv/data/page' } }, [folder]);
    await writeCopied(files, await readRoot([at('lower')], compression), at('copied'), compression);
    expect(await ownersOf(at('copied'))).toEqual({
      ...{ srv: '0 755', 'srv/data': '1000 700', 'srv/data/page': '0 644' },
    });
  });
});
