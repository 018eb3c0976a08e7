import { lstat, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exists } from './exists.ts';
import { withLock } from './lock.ts';
import type { Log } from './log.ts';
import { removeFolder } from './remove.ts';
import { setAside } from './set-aside.ts';
import { endMachine } from './stop-machine.ts';
import { type CacheEntry, readEntry, unlessGone } from './template-cache.ts';

export interface RemovalOptions {
  readonly log: Log;
  /** Only find out what would go. */
  readonly dryRun?: boolean;
}

/** Milliseconds to take a lock that nobody holds; who has to wait longer waits for another process. */
const lockPatience = 1000;

/** Removes it; returns why it was spared when it was. */
export async function remove(entry: CacheEntry, options: RemovalOptions): Promise<string | undefined> {
  if (entry.kind === 'lock') return removeLock(entry, options);
  if (entry.state === 'half-made') return removeHalfMade(entry, options);
  if (options.dryRun) return undefined;
  return entry.state === 'removed' ? removeAside(await setAside(entry.path)) : removeTemplate(entry);
}

const usedMeanwhile = 'used just now, so a machine may be starting from it';
const overtaken = 'another process was faster';

/**
 * Under its name a template is whole or not there. Who reads it marks it as used, without a lock; so it is looked
 * at once more when nobody can find it any longer, and put back when somebody did at the last moment.
 */
async function removeTemplate(entry: CacheEntry): Promise<string | undefined> {
  if (await usedSince(entry.path, entry)) return usedMeanwhile;
  const gone = await setAside(entry.path);
  if (gone === undefined || !(await usedSince(gone, entry))) return removeAside(gone);
  const back = await unlessGone(rename(gone, entry.path).then(() => true));
  return back ? usedMeanwhile : overtaken;
}

async function usedSince(path: string, { lastUse }: CacheEntry): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat !== undefined && stat.mtimeMs !== lastUse;
}

async function removeAside(gone: string | undefined): Promise<string | undefined> {
  if (gone === undefined) return overtaken;
  await removeFolder(gone);
  return undefined;
}

async function removeHalfMade(
  entry: CacheEntry,
  { log, dryRun }: RemovalOptions,
): Promise<string | undefined> {
  const lock = lockOf(entry);
  // To try a lock is to make its file, and a dry run makes nothing.
  if (dryRun && !(await exists(lock))) return undefined;
  let gone: string | undefined;
  const free = await ifUnlocked(lock, log, async () => {
    if (!dryRun && (await isHalfMade(entry))) gone = await endAndSetAside(entry, log);
  });
  if (!free) return 'another process is making it';
  return dryRun ? undefined : removeAside(gone);
}

/** Once more, now that nobody can be making it: a list that is made while others work may be mistaken. */
async function isHalfMade({ path, name }: CacheEntry): Promise<boolean> {
  return (await readEntry(dirname(path), name, 'template'))?.state === 'half-made';
}

async function endAndSetAside(entry: CacheEntry, log: Log): Promise<string | undefined> {
  await endMachine(entry.path, log);
  return setAside(entry.path);
}

async function removeLock(entry: CacheEntry, { log, dryRun }: RemovalOptions): Promise<string | undefined> {
  const free = await ifUnlocked(entry.path, log, async () => {
    if (!dryRun) await rm(entry.path, { force: true });
  });
  return free ? undefined : 'another process holds it';
}

const lockOf = ({ path, key }: CacheEntry) => join(dirname(path), `${key}.lock`);

/** Does the work unless another process holds the lock; false when one does. */
async function ifUnlocked(file: string, log: Log, work: () => Promise<void>): Promise<boolean> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), lockPatience);
  const options = { log, purpose: `pruning ${file}`, signal: waiting.signal };
  try {
    await withLock(file, options, () => {
      clearTimeout(timer);
      return work();
    });
    return true;
  } catch (error) {
    if (waiting.signal.aborted) return false;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
