import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { exists } from '../qemu/exists.ts';
import { withLock } from '../qemu/lock.ts';
import type { Log } from '../qemu/log.ts';
import { removeFolder } from '../qemu/remove.ts';

export interface KeepOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the folder, unless it is there. Of two processes that want the same one at once, one makes it and the other waits.
 * It appears under its name only when it is complete; what a killed process leaves, the next one removes.
 *
 * @param make fills another folder, which gets the name afterwards
 */
export async function keepFolder(
  folder: string,
  make: (part: string) => Promise<void>,
  options: KeepOptions,
): Promise<void> {
  if (await exists(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, { ...options, purpose: basename(folder) }, async () => {
    if (await exists(folder)) return;
    await removeLeftOver(folder);
    const part = `${folder}.${process.pid}.part`;
    await mkdir(part);
    try {
      await make(part);
      await rename(part, folder);
    } catch (error) {
      await removeFolder(part);
      throw error;
    }
  });
}

async function removeLeftOver(folder: string): Promise<void> {
  const isPart = (name: string) => name.startsWith(`${basename(folder)}.`) && name.endsWith('.part');
  for (const name of (await readdir(dirname(folder))).filter(isPart))
    await removeFolder(`${dirname(folder)}/${name}`);
}
