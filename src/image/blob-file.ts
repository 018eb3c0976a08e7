import { existsSync } from 'node:fs';
import { access, constants, link, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from './digest.ts';

/**
 * A blob's names in its folder: `<digits>` when it is whole, `<digits>.part.<process>` while that process writes it,
 * and `<digits>.part` when its writer gave up. So a file never has two writers: who goes on with one that was left
 * behind renames it first, in which one alone succeeds. Earlier versions left what was not whole under `<digits>` too.
 */
const pattern = /^([0-9a-f]{64})(?:\.part(?:\.(\d+))?)?$/;

/** For all that get into the folder, which is its owner's: pushes write there as whoever logs in, agents as root. */
export const blobMode = 0o644;

export const wholeName = hexOf;
export const restingName = (digest: string): string => `${hexOf(digest)}.part`;
export const writtenName = (digest: string): string => `${hexOf(digest)}.part.${process.pid}`;

/** The digits in a file's name; undefined for files that are no blobs. */
export function digitsOf(file: string): string | undefined {
  return pattern.exec(file)?.[1];
}

/** Whether another process that is there writes it. */
export function isWritten(file: string): boolean {
  const [, , writer] = pattern.exec(file) ?? [];
  return writer !== undefined && Number(writer) !== process.pid && existsSync(`/proc/${writer}`);
}

/**
 * Makes what an earlier download left this process's own.
 *
 * @returns bytes of it; 0 where there is nothing
 */
export async function claimRest(folder: string, digest: string, size: number): Promise<number> {
  const own = join(folder, writtenName(digest));
  const left = (await readdir(folder)).filter((file) => digitsOf(file) === hexOf(digest) && !isWritten(file));
  const sizes = await Promise.all(
    left.map(async (file) => {
      const path = join(folder, file);
      const isOurs = await access(path, constants.W_OK).then(
        () => true,
        () => false,
      );
      return { file, bytes: await sizeOf(path), isOurs };
    }),
  );
  // What root left is nothing for a push to write on.
  const usable = sizes.filter(({ bytes, isOurs }) => isOurs && bytes <= size);
  // Agents run this on Node 18, which has no toSorted.
  const [best] = usable.sort((a, b) => b.bytes - a.bytes);
  if (best === undefined || best.bytes === 0) return 0;
  // Somebody else may be quicker; then there is nothing to go on with.
  await rename(join(folder, best.file), own).catch(() => undefined);
  return sizeOf(own);
}

/** Gives a whole blob its name. Whoever was quicker has the same bytes under it. */
export async function settle(folder: string, digest: string): Promise<void> {
  const own = join(folder, writtenName(digest));
  await link(own, join(folder, wholeName(digest))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await unlink(own);
}

/** Leaves what came to whoever goes on with it. */
export async function rest(folder: string, digest: string): Promise<void> {
  await rename(join(folder, writtenName(digest)), join(folder, restingName(digest))).catch(() => undefined);
}

/** Removes blobs, whole or not, that are none of `kept`. One that is being written belongs to its writer. */
export async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  const files = (await readdir(folder)).filter((file) => {
    const digits = digitsOf(file);
    return digits !== undefined && !kept.has(digits) && !isWritten(file);
  });
  await Promise.all(files.map((file) => rm(join(folder, file), { force: true })));
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
