import { chmod, mkdir, readdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../model/parse-json.ts';
import { buildImage } from './build.ts';
import { cacheFolder } from './cache-folder.ts';
import { downloadImage, downloadKey } from './download.ts';
import { exists } from './exists.ts';
import { withLock } from './lock.ts';
import type { Log } from './log.ts';
import type { Suite } from './recipe.ts';
import { debianRecipe, recipeKey } from './recipe.ts';
import { removeFolder } from './remove.ts';

/** What machines boot: built here by mmdebstrap, or somebody's disk image. */
export type ImageSource =
  | { readonly kind: 'debian'; readonly suite: Suite }
  | { readonly kind: 'url'; readonly url: string /** lower-case hex */; readonly sha512: string };

/** A read-only image in the cache. Machines write to overlays over `disk`. */
export interface Image {
  readonly key: string;
  readonly folder: string;
  readonly disk: { readonly file: string; readonly format: 'raw' | 'qcow2' };
  /** Absent where the disk has its own boot loader. */
  readonly boot?: { readonly kernel: string; readonly initrd: string };
}

export interface ImageOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Default: `imageCache()` */
  readonly cache?: string;
}

export function imageCache(env?: NodeJS.ProcessEnv): string {
  return cacheFolder('images', env);
}

/**
 * The image, from the cache or else built or downloaded, which takes minutes. Of two processes that want the
 * same image at once, one makes it and the other waits. An image appears under its name only when it is complete.
 */
export async function ensureImage(source: ImageSource, options: ImageOptions): Promise<Image> {
  const cache = options.cache ?? imageCache();
  const key = imageKey(source);
  const folder = join(cache, key);
  const found = await readImage(folder);
  if (found) return found;
  await mkdir(cache, { recursive: true });
  const purpose = `image ${key}`;
  return withLock(join(cache, `${key}.lock`), { ...options, purpose }, async () => {
    const made = await readImage(folder);
    return made ?? makeImage(source, { ...options, cache, key });
  });
}

export function imageKey(source: ImageSource): string {
  return source.kind === 'debian' ? recipeKey(debianRecipe(source.suite)) : downloadKey(source.sha512);
}

async function makeImage(
  source: ImageSource,
  options: ImageOptions & { cache: string; key: string },
): Promise<Image> {
  const { cache, key } = options;
  // A partial download has a name of its own: it goes on where it stopped.
  const part = join(cache, source.kind === 'debian' ? `${key}.${process.pid}.part` : `${key}.part`);
  if (source.kind === 'debian') await removeLeftOver(cache, key);
  await mkdir(part, { recursive: true });
  const manifest =
    source.kind === 'debian'
      ? await buildImage(debianRecipe(source.suite), part, options)
      : await downloadImage(source, part, options);
  await writeFile(join(part, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of await readdir(part)) await chmod(join(part, name), 0o444);
  await rename(part, join(cache, key));
  const image = await readImage(join(cache, key));
  if (!image)
    throw new Error(`image ${key}: ${join(cache, key)} is incomplete: remove that folder and try again`);
  return image;
}

/** What killed builds left is of no use. */
async function removeLeftOver(cache: string, key: string): Promise<void> {
  const isLeftOver = (name: string) => name.startsWith(`${key}.`) && name.endsWith('.part');
  for (const name of (await readdir(cache)).filter(isLeftOver)) await removeFolder(join(cache, name));
}

/**
 * undefined when there is no such image, or its folder is not one of ours. The folder has its real name then: disks
 * refer to their image by it, also when the cache is reached through a link.
 */
export async function readImage(named: string): Promise<Image | undefined> {
  const folder = await realpath(named).catch(() => named);
  const has = (name: string) => exists(join(folder, name));
  if (!(await has('manifest.json'))) return undefined;
  const key = await keyIn(folder);
  const format = (await has('disk.raw')) ? 'raw' : 'qcow2';
  const boot = (await has('vmlinuz')) && { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd') };
  return {
    key,
    folder,
    disk: { file: join(folder, `disk.${format}`), format },
    ...(boot && { boot }),
  };
}

/** @throws Error when the manifest is none: it may be empty after the computer lost its power. */
async function keyIn(folder: string): Promise<string> {
  const file = join(folder, 'manifest.json');
  const { key }: { readonly key?: unknown } = Object(parseJson(await readFile(file, 'utf8')));
  if (typeof key === 'string') return key;
  throw new Error(`${file} can't be read: remove ${folder} and try again`);
}
