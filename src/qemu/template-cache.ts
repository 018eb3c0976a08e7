import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { types } from 'node:util';
import { compare } from '../model/compare.ts';
import { cacheFolder } from './cache-folder.ts';
import { templateFiles } from './paths.ts';
import { type About, parseAbout } from './template-cache-manifest.ts';

/** Something that lies in the cache. */
export interface CacheEntry {
  readonly kind: 'template' | 'image' | 'lock';
  /** `half-made`: it is being made, or was when a run was killed. `removed`: a prune is at it, or was. */
  readonly state: 'complete' | 'half-made' | 'removed';
  readonly key: string;
  /** Of the file or folder: the key, and an ending unless it is complete. */
  readonly name: string;
  readonly path: string;
  /** Taken on disk; sparse files are much longer. */
  readonly bytes: number;
  /** Milliseconds since 1970. Only templates note their use: of anything else it is the last change. */
  readonly lastUse: number;
  readonly madeAt: number | undefined;
  readonly about: About;
}

/** The files without which it is none; an image's disk has several names. */
const parts = { template: Object.values(templateFiles), image: [] } as const;

/** Of a template, of one that is being made and of one that is being removed; `lost+found` is none of ours. */
const templateName = /^[0-9a-z]+(\..*)?$/;

/** Bytes in a block of stat(2), whatever the file system's own blocks are. */
const blockSize = 512;

/** Templates, the last used one first, then images and lock files. Empty when there is no cache. */
export async function listCache(env?: NodeJS.ProcessEnv): Promise<CacheEntry[]> {
  const images = await listFolder(cacheFolder('images', env), 'image');
  return [...(await listTemplates(cacheFolder('templates', env))), ...images];
}

/** Templates, the last used one first, and the lock files of their making. */
export async function listTemplates(folder: string): Promise<CacheEntry[]> {
  return [...(await listFolder(folder, 'template')), ...(await listLocks(folder))];
}

async function listFolder(folder: string, kind: 'template' | 'image'): Promise<CacheEntry[]> {
  const ours = kind === 'template' ? templateName : /./;
  const found = (await contents(folder)).filter((each) => each.isDirectory() && ours.test(each.name));
  const entries = await Promise.all(found.map(({ name }) => readEntry(folder, name, kind)));
  return entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => b.lastUse - a.lastUse || compare(a.name, b.name));
}

async function listLocks(folder: string): Promise<CacheEntry[]> {
  const found = (await contents(folder)).filter((each) => each.isFile() && each.name.endsWith('.lock'));
  return found.map(({ name }) => ({
    ...{ kind: 'lock', state: 'complete', key: keyOf(name), name, path: join(folder, name) },
    ...{ bytes: 0, lastUse: 0, madeAt: undefined, about: {} },
  }));
}

/** undefined when there is nothing of that name, or nothing any more. */
export async function readEntry(
  folder: string,
  name: string,
  kind: 'template' | 'image',
): Promise<CacheEntry | undefined> {
  const path = join(folder, name);
  const stat = await unlessGone(lstat(path));
  if (!stat) return undefined;
  const about = await readAbout(path, parts[kind]);
  const manifest = await unlessGone(lstat(join(path, 'manifest.json')));
  const state = name.endsWith('.gone') ? 'removed' : name.includes('.') || !about ? 'half-made' : 'complete';
  const bytes = await bytesOnDisk(path);
  const times = { lastUse: stat.mtimeMs, madeAt: state === 'complete' ? manifest?.mtimeMs : undefined };
  return { kind, state, key: keyOf(name), name, path, bytes, ...times, about: about ?? {} };
}

/** Keys have no dots. */
export const keyOf = (name: string) => name.replace(/\..*$/, '');

/** undefined when a part is missing or the manifest can't be read, which no start would survive either. */
async function readAbout(path: string, needed: readonly string[]): Promise<About | undefined> {
  const names = (await contents(path)).map(({ name }) => name);
  if (!needed.every((name) => names.includes(name))) return undefined;
  return parseAbout(await readFile(join(path, 'manifest.json'), 'utf8').catch(() => ''));
}

async function bytesOnDisk(folder: string): Promise<number> {
  const below = (await unlessGone(readdir(folder, { recursive: true }))) ?? [];
  const stats = await Promise.all(['', ...below].map((name) => unlessGone(lstat(join(folder, name)))));
  return stats.reduce((sum, stat) => sum + (stat?.blocks ?? 0) * blockSize, 0);
}

async function contents(folder: string) {
  return (await unlessGone(readdir(folder, { withFileTypes: true }))) ?? [];
}

/** Others make and remove things here at the same time: what is not there is no failure. */
export async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
