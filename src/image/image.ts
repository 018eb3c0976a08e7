import type { Readable } from 'node:stream';

/** A blob by its content, as the OCI image specification's descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export interface Manifest extends Descriptor {
  /** As it was read: its digest is that of these bytes. */
  readonly bytes: Buffer;
}

/** Bytes of a blob, both ends included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One image for one platform, of which every blob was there and had its digest. */
export interface Image {
  /** What its source calls it: `app:1`. */
  readonly name: string | undefined;
  readonly manifest: Manifest;
  /** Its digest is the image's id in Docker. */
  readonly config: Descriptor;
  /** The lowest first. */
  readonly layers: readonly Descriptor[];
  /** Digests of the layers as they are unpacked, in the same order: by them a machine tells what it has. */
  readonly diffIds: readonly string[];
  /** Of Go: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Reads the config or a layer. */
  open(digest: string, span?: Span): Readable;
}

/** Each blob once: an image may have the same layer several times. */
export function blobsOf({ config, layers }: Pick<Image, 'config' | 'layers'>): readonly Descriptor[] {
  return [...new Map([config, ...layers].map((each) => [each.digest, each])).values()];
}
