import { createReadStream } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { digestOfStream } from './digest.ts';
import type { Files } from './files.ts';

/** Files below a folder. A link that leads out of it is as if it were not there. */
export async function openFolder(where: string): Promise<Files> {
  const root = await realpath(where);
  return {
    where,
    async size(path) {
      const real = await realpath(join(root, path)).catch(() => undefined);
      if (real === undefined || !real.startsWith(root + sep)) return undefined;
      const found = await lstat(real);
      return found.isFile() ? found.size : undefined;
    },
    open: (path, span) => createReadStream(join(root, path), span),
    digest: (path) => digestOfStream(createReadStream(join(root, path))),
  };
}
