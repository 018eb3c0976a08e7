import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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
  await writeFile(join(listsOf(folder), fileOf(name)), `${lines.join('\n')}\n`);
}

/** Removes blobs that no image has any more. */
export async function removeUnlisted(folder: string): Promise<void> {
  const files = await readdir(listsOf(folder)).catch(() => []);
  const lists = await Promise.all(files.map((file) => readFile(join(listsOf(folder), file), 'utf8')));
  await removeOthers(folder, new Set(lists.flatMap((list) => list.split('\n'))));
}

/**
 * Removes the lists of all images but these, and of what was noted less than `age` milliseconds ago: a push that nobody
 * has recorded yet may still go on.
 */
export async function forgetOthers(folder: string, names: readonly string[], age: number): Promise<void> {
  const kept = new Set(names.map(fileOf));
  for (const file of await readdir(listsOf(folder)).catch(() => [])) {
    const path = join(listsOf(folder), file);
    const isOld = Date.now() - (await stat(path)).mtimeMs >= age;
    if (!kept.has(file) && isOld) await rm(path, { force: true });
  }
}
