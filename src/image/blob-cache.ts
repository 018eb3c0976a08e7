import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { blobMode, settle, writtenName } from './blob-file.ts';
import { Download } from './download.ts';
import type { Descriptor, Span } from './image.ts';
import { noteImage, removeUnlisted } from './image-lists.ts';

/** Asks for a blob from `start` to its end. */
export type Fetch = (blob: Descriptor, start: number) => Promise<Readable>;

/**
 * A folder of blobs, each in a file of its digest's name. One that is not whole yet is continued where it ends, by
 * this push or a later one; two pushes at once write two files. Whoever reads gets bytes as they come, and all who read
 * the same blob share one download.
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
    return this.#download(blob).read(span);
  }

  /** Until the blob is in the folder as a whole. Nobody reads it meanwhile, which is half of the work. */
  async bring(blob: Descriptor, signal: AbortSignal): Promise<void> {
    await this.#download(blob).whole(signal);
  }

  #download(blob: Descriptor): Download {
    const known = this.#downloads.get(blob.digest);
    if (known && !known.failed) return known;
    const download = new Download(this.#folder, blob, (start) => this.#fetch(blob, start));
    this.#downloads.set(blob.digest, download);
    return download;
  }

  /** A blob that is at hand. */
  async put({ digest }: Descriptor, bytes: Buffer): Promise<void> {
    const own = join(this.#folder, writtenName(digest));
    await writeFile(own, bytes, { mode: blobMode });
    await settle(this.#folder, digest);
  }

  /** Notes what the image `name` consists of, and removes blobs that no image has any more. */
  async keepOnly(name: string, blobs: readonly Descriptor[]): Promise<void> {
    await noteImage(this.#folder, name, blobs);
    await removeUnlisted(this.#folder);
  }
}
