import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { removeOthers } from './blob-file.ts';
import { digestOf, hexOf } from './digest.ts';
import type { Descriptor } from './image.ts';

/**
 * Beside the blobs lie lists of what images consist of, by the name's hash: it is longer than a file's may be. One of the
 * last push of each name, and one of what the machine's agent keeps of it, which is the push before as long as the next
 * is not recorded.
 */
const listsOf = (folder: string, by: 'push' | 'agent') => join(folder, by === 'push' ? 'names' : 'kept');
const fileOf = (name: string) => hexOf(digestOf(Buffer.from(name)));

/** What an image's list is called: a name may mean one image for each processor. */
export function listName(architecture: string, name: string): string {
  return `${architecture}/${name}`;
}

/** Notes what a push of `name` consists of: none of it is removed as long as that is so. */
export function noteImage(folder: string, name: string, blobs: readonly Descriptor[]): Promise<void> {
  return note(folder, listsOf(folder, 'push'), name, blobs);
}

/** Notes what is kept of the image `name` for others. */
export function noteKept(folder: string, name: string, blobs: readonly Descriptor[]): Promise<void> {
  return note(folder, listsOf(folder, 'agent'), name, blobs);
}

async function note(folder: string, lists: string, name: string, blobs: readonly Descriptor[]) {
  await mkdir(lists, { recursive: true });
  const lines = [`# ${name}`, ...blobs.map(({ digest }) => hexOf(digest))];
  const [list, draft] = [join(lists, fileOf(name)), join(folder, `${process.pid}.draft`)];
  await writeFile(draft, `${lines.join('\n')}\n`);
  // In its place even where root wrote the one before.
  await rename(draft, list);
}

/** Removes blobs that no image has any more. */
export async function removeUnlisted(folder: string): Promise<void> {
  const paths = await Promise.all([pathsIn(listsOf(folder, 'push')), pathsIn(listsOf(folder, 'agent'))]);
  const lists = await Promise.all(paths.flat().map(readList));
  await removeOthers(folder, new Set(lists.flatMap((list) => list.split('\n'))));
}

/** An image's list, and the digest of the manifest that it is known to have. */
export interface Listed {
  readonly list: string;
  readonly manifest: string;
}

/**
 * Removes the agent's lists of images that are not `kept`, and those of pushes that are over: what is `known` of their
 * image is what they brought, or they began more than `age` milliseconds ago. A push that nobody has recorded yet, also of
 * a newer version of an image that is kept, may still go on.
 */
export async function forgetOthers(
  folder: string,
  kept: readonly Listed[],
  known: readonly Listed[],
  age: number,
): Promise<void> {
  const keep = new Set(kept.map(({ list }) => fileOf(list)));
  for (const path of await pathsIn(listsOf(folder, 'agent')))
    if (!keep.has(basename(path))) await rm(path, { force: true });
  const manifests = new Map(known.map(({ list, manifest }) => [fileOf(list), hexOf(manifest)]));
  for (const path of await pathsIn(listsOf(folder, 'push'))) {
    const lines = (await readList(path)).split('\n');
    const { mtimeMs = Date.now() } = (await stat(path).catch(() => undefined)) ?? {};
    if (lines.includes(manifests.get(basename(path)) ?? 'none') || Date.now() - mtimeMs >= age)
      await rm(path, { force: true });
  }
}

async function pathsIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).map((file) => join(folder, file));
}

/** One that another process has just removed lists nothing. */
async function readList(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
