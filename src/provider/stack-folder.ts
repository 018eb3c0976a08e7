import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { types } from 'node:util';
import { stackFolder } from '../model/home.ts';

/** What rmdir(2) says of a folder that is gone already, or in which others have something still. */
const notOurs: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST']);

/**
 * Removes what a resource kept in the stack's folder, and with the last of it the folder: in whatever order a stack's
 * resources go, nothing is left. The folder of one of its clusters goes first, then the stack's own.
 */
export async function removeFromStackFolder(stack: string, ...names: readonly string[]): Promise<void> {
  const folder = stackFolder(stack);
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  await removeEmpty(folder);
  if (stack.includes('/')) await removeEmpty(dirname(folder));
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!(types.isNativeError(error) && 'code' in error && notOurs.has(error.code))) throw error;
  });
}
