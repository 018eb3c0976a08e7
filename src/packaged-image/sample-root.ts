import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import tar, { type Header } from 'tar-stream';

/** A root as tests make it: path → text of a file, or what else it is. A path that ends in a slash is a folder. */
export type SampleRoot = Readonly<Record<string, string | Partial<Header>>>;

/** Writes it in mmdebstrap's way, at a time of its own. */
export async function writeRoot(file: string, root: SampleRoot): Promise<void> {
  const pack = tar.pack();
  pack.entry({ name: './', type: 'directory' });
  for (const [path, about] of Object.entries(root)) {
    const name = `./${path}`;
    const { type = path.endsWith('/') ? 'directory' : 'file', ...more } =
      typeof about === 'string' ? {} : about;
    const header = { name, type, mtime: new Date(), ...more };
    if (type === 'file') pack.entry(header, typeof about === 'string' ? about : '');
    else pack.entry(header);
  }
  pack.finalize();
  await pipeline(pack, createWriteStream(file));
}
