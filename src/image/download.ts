import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Descriptor, Span } from './image.ts';

/** Bytes that are read from the file at once. */
const block = 256 * 1024;

/** One blob on its way into a file, which may hold its beginning already. It begins at once. */
export class Download {
  readonly #file: string;
  readonly #blob: Descriptor;
  readonly #events = new EventEmitter().setMaxListeners(0);
  /** Bytes in the file that may be read. */
  #have = 0;
  #failure: unknown;

  constructor(file: string, blob: Descriptor, fetch: (start: number) => Promise<Readable>) {
    this.#file = file;
    this.#blob = blob;
    this.#run(fetch).catch((error: unknown) => {
      this.#failure = error ?? new Error('it failed');
      this.#events.emit('more');
    });
  }

  get failed(): boolean {
    return this.#failure !== undefined;
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
        const length = Math.min(end + 1, this.#have, at + block) - at;
        if (length <= 0) {
          await once(this.#events, 'more');
          continue;
        }
        file ??= await open(this.#file);
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
        if (bytesRead === 0) throw new Error(`${this.#file} was cut off by somebody else`);
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    } finally {
      await file?.close();
    }
  }

  async #run(fetch: (start: number) => Promise<Readable>): Promise<void> {
    const { digest, size } = this.#blob;
    const kept = await this.#kept();
    const file = await open(this.#file, kept > 0 ? 'r+' : 'w', 0o600);
    try {
      const hash = createHash('sha256');
      if (kept > 0)
        for await (const chunk of createReadStream(this.#file, { end: kept - 1 })) hash.update(chunk);
      let at = kept;
      this.#grow(at);
      for await (const chunk of at < size ? await fetch(at) : []) {
        hash.update(chunk);
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
        this.#grow(at);
      }
      // A connection that broke is no damage: what came is kept for the next time.
      if (at < size) throw new Error(`${digest} ended after ${at} of ${size} bytes`);
      if (`sha256:${hash.digest('hex')}` !== digest) {
        await file.truncate(0);
        throw new Error(`${digest} has other bytes than its digest says; who asks again gets it anew`);
      }
    } finally {
      await file.close();
    }
    this.#have = size;
    this.#events.emit('more');
  }

  /** Bytes that an earlier run left. */
  async #kept(): Promise<number> {
    const found = await stat(this.#file).catch(() => undefined);
    return found !== undefined && found.size <= this.#blob.size ? found.size : 0;
  }

  /** The last bytes are only handed out once the whole is what it should be: who has them all may rely on it. */
  #grow(bytes: number): void {
    this.#have = Math.min(bytes, this.#blob.size - 1);
    this.#events.emit('more');
  }
}
