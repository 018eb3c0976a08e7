import { createReadStream, createWriteStream } from 'node:fs';
import { posix } from 'node:path';
import { pipeline as joined } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar, { type Header } from 'tar-stream';
import { type Compression, compressions } from './compression.ts';
import { whiteout } from './difference.ts';
import { readEntries, skip } from './entries.ts';

/** Of each path in a root, the number of the layer that has the last word about it, and what that says. */
export type Root = ReadonlyMap<string, { readonly layer: number; readonly header: Header }>;

/** Writes the root that the layers make, the lowest first, as a tar file. */
export async function flatten(
  layers: readonly string[],
  file: string,
  compression: Compression,
): Promise<void> {
  const root = await readRoot(layers, compression);
  const pack = tar.pack();
  const written = pipeline(pack, createWriteStream(file));
  // Awaited at the end; until then its failure is no unhandled one.
  written.catch(() => {});
  for (const [number, layer] of layers.entries())
    for await (const entry of readEntries(unpack(layer, compression)))
      if (root.get(entry.path)?.layer === number) {
        const sink = pack.entry({ ...entry.header, name: entry.path });
        await Promise.race([pipeline(entry.contents, sink), written]);
      } else await skip(entry);
  pack.finalize();
  await written;
}

/** What the layers make together, without its contents. */
export async function readRoot(layers: readonly string[], compression: Compression): Promise<Root> {
  const root = new Map<string, { layer: number; header: Header }>();
  for (const [layer, file] of layers.entries()) {
    for await (const entry of readEntries(unpack(file, compression))) {
      const { dir, base } = posix.parse(entry.path);
      const gone = base.startsWith(whiteout) ? posix.join(dir, base.slice(whiteout.length)) : entry.path;
      if (!isFolder(entry.header) && isFolder(root.get(gone)?.header)) removeBelow(root, gone);
      if (gone === entry.path) root.set(entry.path, { layer, header: entry.header });
      else root.delete(gone);
      await skip(entry);
    }
  }
  return root;
}

export function isFolder(header: Header | undefined): boolean {
  return header?.type === 'directory';
}

function removeBelow(root: Map<string, unknown>, folder: string): void {
  for (const path of root.keys()) if (path.startsWith(`${folder}/`)) root.delete(path);
}

/** What fails on the way fails what comes of it. */
function unpack(layer: string, compression: Compression) {
  return joined(createReadStream(layer), compressions[compression].unpack(), () => {});
}
