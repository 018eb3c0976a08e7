import type { Transform } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';

/** How a layer is packed, and what a manifest calls it (OCI image specification, "Image Layer Filesystem Changeset"). */
interface Packing {
  readonly mediaType: string;
  readonly pack: () => Transform;
  readonly unpack: () => Transform;
}

export const compressionNames = ['zstd', 'gzip'] as const;
export type Compression = (typeof compressionNames)[number];

/** Layers are packed once and unpacked often, and of all levels about equally fast. */
const level = 9;

/**
 * Docker reads zstd since 23.0, by itself; gzip it hands to another process and back, which is a third of its work where
 * processors are emulated.
 */
export const compressions: Readonly<Record<Compression, Packing>> = {
  zstd: {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    pack: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }),
    unpack: () => createZstdDecompress(),
  },
  gzip: {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    pack: () => createGzip(),
    unpack: () => createGunzip(),
  },
};
