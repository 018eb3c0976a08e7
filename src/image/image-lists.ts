import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOthers } from './blob-file.ts';
import { digestOf, hexOf } from './digest.ts';
import type { Descriptor } from './image.ts';

/** Beside the blobs lies a list for each image, of what it consists. By the name's hash: it is longer than a file's may be. */
const listsOf = (folder: string) => join(folder, 'names');
const fileOf = (name: string) => hexOf(digestOf(Buffer.from(name)));

/** What an image's list is called: a name may mean one image for each processor. */
export function listName(architecture: string, name: string): string {
  return `${architecture}/${name}`;
}

/** Notes what the image `name` consists of: none of it is removed as long as that is so. */
export async function noteImage(folder: string, name: string, blobs: readonly Descriptor[]): Promise<void> {
  await mkdir(listsOf(folder), { recursive: true });
  const lines = [`# ${name}`, ...blobs.map(({ digest }) => hexOf(digest))];
  const [list, draft] = [join(listsOf(folder), fileOf(name)), join(folder, `${process.pid}.draft`)];
  await writeFile(draft, `${lines.join('\n')}\n`);
  // In its place even where root wrote the one before.
  await rename(draft, list);
}

/** Removes blobs that no image has any more. */
export async function removeUnlisted(folder: string): Promise<void> {
  const files = await readdir(listsOf(folder)).catch(() => []);
  const lists = await Promise.all(files.map((file) => readList(join(listsOf(folder), file))));
  await removeOthers(folder, new Set(lists.flatMap((list) => list.split('\n'))));
}

/** An image's list, and the digest of the manifest that it is known to have. */
export interface Listed {
  readonly list: string;
  readonly manifest: string;
}

/**
 * Removes the lists of images that are not `kept`: of those that are `known`, and of others that were noted more than
 * `age` milliseconds ago. A push that nobody has recorded yet, also of a newer version of one that is known, may still
 * go on.
 */
export async function forgetOthers(
  folder: string,
  kept: readonly Listed[],
  known: readonly Listed[],
  age: number,
): Promise<void> {
  const keep = new Set(kept.map(({ list }) => fileOf(list)));
  const manifests = new Map(known.map(({ list, manifest }) => [fileOf(list), hexOf(manifest)]));
  for (const file of await readdir(listsOf(folder)).catch(() => [])) {
    if (keep.has(file)) continue;
    const path = join(listsOf(folder), file);
    const lines = (await readList(path)).split('\n');
    const { mtimeMs = Date.now() } = (await stat(path).catch(() => undefined)) ?? {};
    if (lines.includes(manifests.get(file) ?? 'none') || Date.now() - mtimeMs >= age)
      await rm(path, { force: true });
  }
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
