import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, hexOf } from '../image/digest.ts';
import type { Descriptor } from '../image/image.ts';
import { blobPath, makeManifest } from '../image/oci-layout.ts';
import type { Definition } from './definition.ts';
import { keepFolder } from './kept-folder.ts';
import type { CachedLayer, CacheOptions } from './layer-cache.ts';
import { type Layer, sourceDateEpoch } from './layer-writer.ts';

/** As Go calls this computer's processor, whose programs are in the image. */
const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'amd64',
  arm64: 'arm64',
};

/** An image's config (OCI image specification, config.md). */
export function imageConfig({ config }: Definition, layers: readonly Layer[]): Buffer {
  const architecture = architectures[process.arch];
  if (architecture === undefined)
    throw new Error(`images are built on amd64 or arm64, not on ${process.arch}`);
  const { entrypoint, command, env, user, folder, ports, stopSignal } = config;
  return Buffer.from(
    JSON.stringify({
      created: new Date(sourceDateEpoch * 1000).toISOString(),
      ...{ os: 'linux', architecture },
      config: {
        Env: Object.entries({ PATH: defaultPath, ...env }).map(([name, value]) => `${name}=${value}`),
        ...(entrypoint.length > 0 && { Entrypoint: entrypoint }),
        ...(command.length > 0 && { Cmd: command }),
        ...(user !== '' && { User: user }),
        ...(folder !== '' && { WorkingDir: folder }),
        ...(ports.length > 0 && {
          ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
        }),
        ...(stopSignal !== undefined && { StopSignal: stopSignal }),
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The image as an OCI layout in the cache, whose layers take no room of their own. The folder's name follows from the
 * image, so one that is there is the same.
 *
 * @returns its path
 */
export async function keepLayout(
  definition: Definition,
  layers: readonly CachedLayer[],
  { cache, ...options }: CacheOptions,
): Promise<string> {
  const config = imageConfig(definition, layers);
  const described = describe('application/vnd.oci.image.config.v1+json', config);
  const manifest = makeManifest(
    described,
    layers.map(({ blob }) => blob),
  );
  const name = definition.name.replaceAll(/[^A-Za-z0-9.]+/g, '-');
  const folder = join(cache, `${name}-${hexOf(manifest.digest).slice(0, 12)}`);
  await keepFolder(
    folder,
    async (part) => {
      await mkdir(join(part, 'blobs', 'sha256'), { recursive: true });
      for (const { blob, file } of new Map(layers.map((layer) => [layer.blob.digest, layer])).values())
        await link(file, join(part, blobPath(blob.digest)));
      await writeFile(join(part, blobPath(described.digest)), config);
      await writeFile(join(part, blobPath(manifest.digest)), manifest.bytes);
      await writeFile(join(part, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
      await writeFile(join(part, 'index.json'), indexOf(definition.name, manifest));
    },
    options,
  );
  return folder;
}

function indexOf(name: string, { mediaType, digest, bytes }: ReturnType<typeof makeManifest>): string {
  const annotations = { 'org.opencontainers.image.ref.name': name };
  return JSON.stringify({
    schemaVersion: 2,
    manifests: [{ mediaType, digest, size: bytes.length, annotations }],
  });
}

function describe(mediaType: string, bytes: Buffer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
