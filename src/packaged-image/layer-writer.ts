import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar, { type Header } from 'tar-stream';
import type { Descriptor } from '../image/image.ts';
import { type Compression, compressions } from './compression.ts';
import { attributesOf, bytesOf } from './entries.ts';

/** A layer as a manifest and a config name it. */
export interface Layer {
  readonly blob: Descriptor;
  /** Digest of what is packed in it. */
  readonly diffId: string;
}

/**
 * The time of all files, in seconds: that of Debian 13's release. Layers made at different times are the same then;
 * mmdebstrap, dpkg and others go by it too (https://reproducible-builds.org/specs/source-date-epoch/).
 */
export const sourceDateEpoch = 1_754_697_600;

type About = Partial<Header> & Pick<Header, 'type'>;

/** Writes a layer entry by entry, as a compressed tar file. The same entries give the same bytes. */
export class LayerWriter {
  readonly #pack = tar.pack();
  readonly #plain = createHash('sha256');
  readonly #packed = createHash('sha256');
  readonly #written: Promise<void>;
  readonly #mediaType: string;
  #size = 0;

  /** @param file must not be there yet */
  constructor(file: string, compression: Compression) {
    const { mediaType, pack } = compressions[compression];
    this.#mediaType = mediaType;
    const packed = new PassThrough();
    packed.on('data', (chunk: Buffer) => {
      this.#packed.update(chunk);
      this.#size += chunk.length;
    });
    const out = createWriteStream(file, { flags: 'wx' });
    this.#written = pipeline(this.#chunks(), pack(), packed, out);
    // `finish` waits for it; until then its failure is no unhandled one.
    this.#written.catch(() => {});
  }

  /** Owners' names are left out, since numbers are what counts, and so are all times. */
  async add(path: string, about: About, contents: AsyncIterable<Uint8Array> | Buffer): Promise<void> {
    const pax = attributesOf(about);
    const header = {
      ...{
        name: path,
        type: about.type,
        mode: about.mode ?? 0o644,
        uid: about.uid ?? 0,
        gid: about.gid ?? 0,
      },
      ...{ mtime: new Date(sourceDateEpoch * 1000), linkname: linkOf(about) },
      ...{ devmajor: about.devmajor ?? 0, devminor: about.devminor ?? 0 },
      size: Buffer.isBuffer(contents) ? contents.length : (about.size ?? 0),
      ...(Object.keys(pax).length > 0 && { pax }),
    };
    const sink = this.#pack.entry(header);
    await Promise.race([pipeline(Buffer.isBuffer(contents) ? [contents] : contents, sink), this.#failed()]);
  }

  async finish(): Promise<Layer> {
    this.#pack.finalize();
    await this.#written;
    const digest = `sha256:${this.#packed.digest('hex')}`;
    return {
      blob: { mediaType: this.#mediaType, digest, size: this.#size },
      diffId: `sha256:${this.#plain.digest('hex')}`,
    };
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of bytesOf(this.#pack)) {
      this.#plain.update(chunk);
      yield chunk;
    }
  }

  /** Nobody takes an entry's bytes any more when the disk is full. */
  #failed(): Promise<never> {
    return new Promise((_, reject) => this.#written.catch(reject));
  }
}

/** A hard link is to a path in the layer, a symbolic one to whatever it says. */
function linkOf({ type, linkname = '' }: About): string {
  return type === 'link' ? linkname.replace(/^\.?\//, '') : linkname;
}
