import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { digestOf, hexOf } from './digest.ts';
import { Download } from './download.ts';
import type { Descriptor, Span } from './image.ts';

/** Asks for a blob from `start` to its end. */
export type Fetch = (blob: Descriptor, start: number) => Promise<Readable>;

/**
 * A folder of blobs, each in a file of its digest's name. One that is not whole yet is continued where it ends, by
 * this push or a later one. Whoever reads gets bytes as they come, and all who read the same blob share one download.
 */
export class BlobCache {
  readonly #folder: string;
  readonly #fetch: Fetch;
  readonly #downloads = new Map<string, Download>();

  constructor(folder: string, fetch: Fetch) {
    this.#folder = folder;
    this.#fetch = fetch;
  }

  async open(blob: Descriptor, span: Span = { start: 0, end: blob.size - 1 }): Promise<Readable> {
    const known = this.#downloads.get(blob.digest);
    if (known && !known.failed) return known.read(span);
    const download = new Download(join(this.#folder, hexOf(blob.digest)), blob, (start) =>
      this.#fetch(blob, start),
    );
    this.#downloads.set(blob.digest, download);
    return download.read(span);
  }

  /** Notes what the image `name` consists of, and removes blobs that no image has any more. */
  async keepOnly(name: string, blobs: readonly Descriptor[]): Promise<void> {
    const names = join(this.#folder, 'names');
    await mkdir(names, { recursive: true });
    const lines = [`# ${name}`, ...blobs.map(({ digest }) => hexOf(digest))];
    // By its hash: a name is longer than a file's may be.
    await writeFile(join(names, hexOf(digestOf(Buffer.from(name)))), `${lines.join('\n')}\n`);
    const lists = await Promise.all(
      (await readdir(names)).map((each) => readFile(join(names, each), 'utf8')),
    );
    const kept = new Set(lists.flatMap((list) => list.split('\n')));
    const files = (await readdir(this.#folder)).filter(
      (file) => /^[0-9a-f]{64}$/.test(file) && !kept.has(file),
    );
    await Promise.all(files.map((file) => rm(join(this.#folder, file))));
  }
}
