import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Turns } from '../model/turns.ts';
import { blobMode, claimRest, rest, settle, wholeName, writtenName } from './blob-file.ts';
import type { Descriptor, Span } from './image.ts';
import { blockSize, inBlocks } from './in-blocks.ts';

/** One blob on its way into a folder, which may hold its beginning, or all of it, already. It begins at once. */
export class Download {
  readonly #folder: string;
  readonly #blob: Descriptor;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #path: string;
  /** A file is opened, and given another name, by turns: else its path might lead nowhere by then. */
  readonly #turns = new Turns();
  /** Bytes in the file that may be read. */
  #have = 0;
  #failure: unknown;
  #isSettled = false;

  constructor(folder: string, blob: Descriptor, fetch: (start: number) => Promise<Readable>) {
    this.#folder = folder;
    this.#blob = blob;
    this.#path = join(folder, writtenName(blob.digest));
    this.#run(fetch).catch(async (error: unknown) => {
      // A connection that broke is no damage: what came is kept for the next time.
      await rest(folder, blob.digest);
      this.#failure = error ?? new Error('it failed');
      this.#tell('more', 'settled');
    });
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Until all of it is in the folder, and is what its digest says. */
  async whole(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isSettled) await once(this.#events, 'settled', { signal });
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The bytes of the span, as they come. */
  read(span: Span): Readable {
    return Readable.from(this.#chunks(span), { objectMode: false });
  }

  async *#chunks({ start, end }: Span): AsyncGenerator<Buffer> {
    let file: FileHandle | undefined;
    try {
      for (let at = start; at <= end; ) {
        if (this.#failure !== undefined) throw this.#failure;
        const length = Math.min(end + 1, this.#have, at + blockSize) - at;
        if (length <= 0) {
          await once(this.#events, 'more');
          continue;
        }
        file ??= await this.#turns.take(() => open(this.#path));
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
        if (bytesRead === 0) throw new Error(`${this.#path} was cut off by somebody else`);
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    } finally {
      await file?.close();
    }
  }

  async #run(fetch: (start: number) => Promise<Readable>): Promise<void> {
    if (!(await this.#isWhole())) await this.#download(fetch);
    this.#have = this.#blob.size;
    this.#tell('more', 'settled');
  }

  #tell(...events: readonly ('more' | 'settled')[]): void {
    this.#isSettled ||= events.includes('settled');
    for (const event of events) this.#events.emit(event);
  }

  async #isWhole(): Promise<boolean> {
    const { digest, size } = this.#blob;
    const whole = join(this.#folder, wholeName(digest));
    if ((await stat(whole).catch(() => undefined))?.size !== size) return false;
    this.#path = whole;
    const hash = createHash('sha256');
    this.#grow(size);
    for await (const chunk of createReadStream(whole, { highWaterMark: blockSize })) hash.update(chunk);
    if (`sha256:${hash.digest('hex')}` === digest) return true;
    await rm(whole, { force: true });
    throw new Error(otherBytes(digest));
  }

  async #download(fetch: (start: number) => Promise<Readable>): Promise<void> {
    const { digest, size } = this.#blob;
    const kept = await claimRest(this.#folder, digest, size);
    const file = await open(this.#path, kept > 0 ? 'r+' : 'w', blobMode);
    try {
      const hash = createHash('sha256');
      if (kept > 0)
        for await (const chunk of createReadStream(this.#path, { end: kept - 1, highWaterMark: blockSize }))
          hash.update(chunk);
      let at = kept;
      this.#grow(at);
      for await (const chunk of at < size ? inBlocks(await fetch(at)) : []) {
        hash.update(chunk);
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
        this.#grow(at);
      }
      if (at < size) throw new Error(`${digest} ended after ${at} of ${size} bytes`);
      if (`sha256:${hash.digest('hex')}` !== digest) {
        await file.truncate(0);
        throw new Error(otherBytes(digest));
      }
    } finally {
      await file.close();
    }
    await this.#turns.take(async () => {
      await settle(this.#folder, digest);
      this.#path = join(this.#folder, wholeName(digest));
    });
  }

  /** The last bytes are only handed out once the whole is what it should be: who has them all may rely on it. */
  #grow(bytes: number): void {
    this.#have = Math.min(bytes, this.#blob.size - 1);
    this.#tell('more');
  }
}

function otherBytes(digest: string): string {
  return `${digest} has other bytes than its digest says; who asks again gets it anew`;
}
