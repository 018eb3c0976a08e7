import * as z from 'zod';
import { digestPattern } from './digest.ts';

const digest = z.string().regex(digestPattern, 'expected sha256: and 64 hexadecimal digits');

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.int().min(0),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).default({}),
});
export type FoundDescriptor = z.infer<typeof descriptor>;

export const layoutSchema = z.object({ imageLayoutVersion: z.literal('1.0.0') });

/** index.json, and what it leads to where an image is there for several platforms. */
export const indexSchema = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptor).max(1000),
});

/** As many layers as Docker can mount over each other (moby, layer/layer_store.go, maxLayerDepth). */
const mostLayers = 125;

export const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor).max(mostLayers),
});

export const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest).max(mostLayers) }),
});

/** manifest.json of a `docker save` archive (moby, image/tarexport). */
export const savedSchema = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullable(),
    Layers: z.array(z.string()).max(mostLayers),
  }),
);

export const indexTypes: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

export const manifestTypes: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
