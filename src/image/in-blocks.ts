import { EventEmitter, once } from 'node:events';
import { finished, type Readable } from 'node:stream';

/** Bytes of a block; no more is worth its memory. */
export const blockSize = 256 * 1024;

/** Milliseconds for which the first bytes of a block wait for more: a slow line shall not look like a dead one. */
const patience = 100;

/**
 * What comes, in pieces that are worth their work. TLS hands over 16 KiB at once, and to hash and write each of these by
 * itself takes an emulated machine longer than all else that it does with an image's bytes. When the source
 * breaks, what came of it is handed over before the error. Leaving the loop destroys the source.
 */
export async function* inBlocks(source: Readable): AsyncGenerator<Buffer> {
  const block = new Block(source);
  try {
    for (;;) {
      const bytes = await block.take();
      if (bytes === undefined) return;
      yield bytes;
    }
  } finally {
    source.destroy();
  }
}

class Block {
  readonly #source: Readable;
  readonly #events = new EventEmitter();
  #pieces: Buffer[] = [];
  #size = 0;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  #end: { readonly error?: Error } | undefined;

  constructor(source: Readable) {
    this.#source = source;
    finished(source, { writable: false }, (error) => {
      this.#end = error ? { error } : {};
      this.#due();
    });
    source.on('data', (piece: Buffer) => this.#add(piece));
  }

  /** The next block; undefined after the last. Rejects when the source broke. */
  async take(): Promise<Buffer | undefined> {
    if (!this.#isDue) await once(this.#events, 'due');
    const bytes = Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    clearTimeout(this.#timer);
    this.#isDue = this.#end !== undefined;
    if (bytes.length > 0) {
      this.#source.resume();
      return bytes;
    }
    if (this.#end?.error) throw this.#end.error;
    return undefined;
  }

  #add(piece: Buffer): void {
    if (this.#size === 0) this.#timer = setTimeout(() => this.#due(), patience);
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size < blockSize) return;
    // More of it waits in the kernel until this block is taken.
    this.#source.pause();
    this.#due();
  }

  #due(): void {
    this.#isDue = true;
    this.#events.emit('due');
  }
}
