import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { digestOf, hexOf } from './digest.ts';
import type { Descriptor, Image } from './image.ts';

/** An image as tests make it: its layers are whatever bytes they say, and nothing is compressed. */
export interface Sample {
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
}

export function sampleImage(layers: readonly (string | Buffer)[], architecture = 'amd64'): Sample {
  const bytes = layers.map((layer) => Buffer.from(layer));
  const rootfs = { type: 'layers', diff_ids: bytes.map(digestOf) };
  return {
    layers: bytes,
    config: Buffer.from(JSON.stringify({ os: 'linux', architecture, config: {}, rootfs })),
  };
}

export function describe(mediaType: string, bytes: Buffer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

export function manifestOf({ config, layers }: Sample): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
    }),
  );
}

export type Contents = Map<string, string | Buffer>;

/** Files of an OCI layout with this image, as `name`. */
export function layoutFiles(sample: Sample, name = 'app:1'): Contents {
  const manifest = manifestOf(sample);
  const blobs = [manifest, sample.config, ...sample.layers];
  const described = describe('application/vnd.oci.image.manifest.v1+json', manifest);
  const annotations = { 'org.opencontainers.image.ref.name': name };
  return new Map<string, string | Buffer>([
    ['oci-layout', '{"imageLayoutVersion":"1.0.0"}'],
    ['index.json', JSON.stringify({ schemaVersion: 2, manifests: [{ ...described, annotations }] })],
    ...blobs.map((bytes) => [`blobs/sha256/${hexOf(digestOf(bytes))}`, bytes] as const),
  ]);
}

/** Files of an archive that Docker before 25 saves. */
export function savedFiles({ config, layers }: Sample, name = 'app:1'): Contents {
  const json = `${hexOf(digestOf(config))}.json`;
  const paths = layers.map((layer) => `${hexOf(digestOf(layer))}/layer.tar`);
  return new Map<string, string | Buffer>([
    ...paths.map((path, number) => [path, layers[number] ?? ''] as const),
    [json, config],
    ['manifest.json', JSON.stringify([{ Config: json, RepoTags: [name], Layers: paths }])],
  ]);
}

export async function writeFolder(folder: string, files: Contents): Promise<string> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  for (const [path, contents] of files) await writeFile(join(folder, path), contents);
  return folder;
}

/** Links are name and target, after all files. */
export async function writeArchive(
  path: string,
  files: Iterable<readonly [string, string | Buffer]>,
  links: readonly (readonly [string, string])[] = [],
): Promise<string> {
  const pack = tar.pack();
  for (const [name, contents] of files) pack.entry({ name }, Buffer.from(contents));
  for (const [name, linkname] of links) pack.entry({ name, type: 'symlink', linkname });
  pack.finalize();
  await pipeline(pack, createWriteStream(path));
  return path;
}

/** The image without a file of it anywhere. */
export function imageInMemory(sample: Sample, name = 'app:1'): Image {
  const manifest = manifestOf(sample);
  const blobs = new Map([sample.config, ...sample.layers].map((bytes) => [digestOf(bytes), bytes]));
  return {
    name,
    manifest: { ...describe('application/vnd.oci.image.manifest.v1+json', manifest), bytes: manifest },
    config: describe('application/vnd.oci.image.config.v1+json', sample.config),
    layers: sample.layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
    diffIds: sample.layers.map(digestOf),
    architecture: 'amd64',
    open: (digest, span) => {
      const bytes = blobs.get(digest) ?? Buffer.alloc(0);
      return Readable.from([span ? bytes.subarray(span.start, span.end + 1) : bytes]);
    },
  };
}
