import { basename } from 'node:path';
import { digestOf } from './digest.ts';
import { type Files, readDocument } from './files.ts';
import type { Descriptor } from './image.ts';
import { type FoundManifest, makeManifest } from './oci-layout.ts';
import type { Problems } from './problems.ts';
import { configSchema, savedSchema } from './schemas.ts';

/** One image of a `docker save` archive. */
export interface Saved {
  readonly names: readonly string[];
  /** Paths in the archive. */
  readonly config: string;
  readonly layers: readonly string[];
}

/** What a `docker save` archive of a Docker before 25 has; later ones are OCI layouts as well. */
export async function listSaved(problems: Problems): Promise<readonly Saved[]> {
  const saved = (await problems.read('manifest.json', savedSchema)) ?? [];
  return saved.map(({ Config, RepoTags, Layers }) => ({
    names: RepoTags ?? [],
    config: Config,
    layers: Layers,
  }));
}

/** The archive's manifest names files; registries serve by digest, so this makes the manifest that they ask for. */
export async function readSaved(
  files: Files,
  saved: Saved,
  problems: Problems,
): Promise<{ manifest: FoundManifest; paths: ReadonlyMap<string, string> } | undefined> {
  const bytes = await readDocument(files, saved.config);
  const config = await problems.read(saved.config, configSchema);
  if (bytes === undefined || config === undefined) return undefined;
  const digest = digestOf(bytes);
  if (!digest.endsWith(basename(saved.config, '.json')))
    return problems.add(saved.config, `its digest is ${digest}`);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== saved.layers.length)
    return problems.add(
      'manifest.json',
      `it names ${saved.layers.length} layers, and ${saved.config} ${diffIds.length}`,
    );
  const layers = await Promise.all(
    saved.layers.map((path, number) => readLayer(files, path, diffIds[number] ?? '', problems)),
  );
  const whole = layers.filter((each) => each !== undefined);
  if (whole.length < layers.length) return undefined;
  const paths = new Map([
    [digest, saved.config],
    ...whole.map((layer, n) => [layer.digest, saved.layers[n] ?? ''] as const),
  ]);
  const described = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: bytes.length };
  return { manifest: makeManifest(described, whole), paths };
}

/** Layers are in the archive as they are unpacked, so what the config says of them is their digest. */
async function readLayer(
  files: Files,
  path: string,
  diffId: string,
  problems: Problems,
): Promise<Descriptor | undefined> {
  const size = await files.size(path);
  if (size === undefined) return problems.add(path, 'there is no such layer');
  const digest = (await files.digest(path)) ?? diffId;
  if (digest !== diffId)
    return problems.add(path, `its digest is ${digest}; the image's config says ${diffId}`);
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size };
}
