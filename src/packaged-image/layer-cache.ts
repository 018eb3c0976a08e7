import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { digestPattern } from '../image/digest.ts';
import { parseJson } from '../model/parse-json.ts';
import { removeFolder } from '../qemu/remove.ts';
import { type KeepOptions, keepFolder } from './kept-folder.ts';
import type { Layer } from './layer-writer.ts';

const layerSchema = z.object({
  blob: z.object({ mediaType: z.string(), digest: z.string().regex(digestPattern), size: z.int() }),
  diffId: z.string().regex(digestPattern),
});

/** A layer that is kept. */
export interface CachedLayer extends Layer {
  /** Of the compressed layer. */
  readonly file: string;
}

export interface CacheOptions extends KeepOptions {
  /** Folder of all that is kept. */
  readonly cache: string;
}

/** Makes a layer, with a folder for its work, and writes it to the file `blob`. */
export type MakeLayer = (folder: string, blob: string) => Promise<Layer>;

/** The layer of that key, from the cache or else made. */
export async function ensureLayer(
  key: string,
  make: MakeLayer,
  { cache, ...options }: CacheOptions,
): Promise<CachedLayer> {
  const kept = join(cache, 'layers', key);
  await keepFolder(
    kept,
    async (part) => {
      const work = join(part, 'work');
      await mkdir(work);
      const layer = await make(work, join(part, 'blob'));
      await removeFolder(work);
      await writeFile(join(part, 'layer.json'), `${JSON.stringify(layer)}\n`);
    },
    options,
  );
  return readLayer(kept);
}

/** @throws Error when it can't be read: it may be empty after the computer lost its power */
async function readLayer(folder: string): Promise<CachedLayer> {
  const text = await readFile(join(folder, 'layer.json'), 'utf8').catch(() => '');
  const result = layerSchema.safeParse(parseJson(text));
  if (!result.success) throw new Error(`${folder} can't be read: remove it and try again`);
  return { ...result.data, file: join(folder, 'blob') };
}
