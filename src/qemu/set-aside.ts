import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { keyOf, unlessGone } from './template-cache.ts';

/**
 * Gives a template's folder a name under which nobody looks for it, before it is removed: nobody may read one of which a
 * part is gone already. Leftovers get one too: whoever set them aside may be about to put them back, and must not put
 * back half.
 *
 * @returns the new name, which only the caller has; undefined when there is no such folder, or another was faster
 */
export async function setAside(folder: string): Promise<string | undefined> {
  const gone = join(dirname(folder), `${keyOf(basename(folder))}.${randomUUID()}.gone`);
  return unlessGone(rename(folder, gone).then(() => gone));
}
