import { digestOf, hexOf } from './digest.ts';
import { type Files, readDocument } from './files.ts';
import type { Descriptor } from './image.ts';
import type { Problems } from './problems.ts';
import { familiarName } from './reference.ts';
import {
  type FoundDescriptor,
  indexSchema,
  indexTypes,
  layoutSchema,
  manifestSchema,
  manifestTypes,
} from './schemas.ts';

/** An image that a source offers, before its blobs were looked at. */
export interface Candidate {
  readonly name: string | undefined;
  /** `linux/amd64`; undefined where only its config says. */
  readonly platform: string | undefined;
  readonly manifest: FoundDescriptor;
}

/** Where a layout keeps a blob. */
export function blobPath(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** What the index of an OCI layout offers. Attestations, which are manifests of no image, are left out. */
export async function listLayout(files: Files, problems: Problems): Promise<readonly Candidate[]> {
  await problems.read('oci-layout', layoutSchema);
  const index = await problems.read('index.json', indexSchema);
  return index === undefined
    ? []
    : await flatten(index.manifests, undefined, { files, problems, left: mostIndexes }, 0);
}

/** An index of images for several platforms is one level; what nests deeper is no image tool's work. */
const deepest = 2;

/** Indexes that are read: a few that list each other a thousand times would keep whoever reads them for ever. */
const mostIndexes = 200;

interface Walk {
  readonly files: Files;
  readonly problems: Problems;
  /** Indexes that may still be read. */
  left: number;
}

async function flatten(
  found: readonly FoundDescriptor[],
  parent: string | undefined,
  walk: Walk,
  depth: number,
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  for (const each of found) {
    const { mediaType, platform, annotations } = each;
    const name = nameOf(annotations) ?? parent;
    if (!manifestTypes.includes(mediaType)) {
      const nested = await readNested(each, walk, depth);
      candidates.push(...(await flatten(nested, name, walk, depth + 1)));
    } else if (annotations['vnd.docker.reference.type'] === undefined)
      candidates.push({
        name,
        platform: platform && `${platform.os}/${platform.architecture}`,
        manifest: each,
      });
  }
  return candidates;
}

/** What an index in an index lists; nothing of one that is none, or that there is no reason to follow. */
async function readNested(
  index: FoundDescriptor,
  walk: Walk,
  depth: number,
): Promise<readonly FoundDescriptor[]> {
  const { files, problems } = walk;
  const path = blobPath(index.digest);
  if (!indexTypes.includes(index.mediaType))
    problems.add('index.json', `${index.digest} is ${index.mediaType}, which is no image`);
  else if (depth === deepest) problems.add(path, `indexes are nested more than ${deepest} deep`);
  else if (walk.left > 0) {
    walk.left -= 1;
    if (walk.left === 0) problems.add('index.json', `it leads to ${mostIndexes} indexes and more`);
    else if (await isWhole(files, index, problems))
      return (await problems.read(path, indexSchema))?.manifests ?? [];
  }
  return [];
}

/** Docker writes the whole name beside the tag that the specification has a place for. */
function nameOf(annotations: Readonly<Record<string, string>>): string | undefined {
  const whole = annotations['io.containerd.image.name'];
  if (whole !== undefined) return familiarName(whole);
  const name = annotations['org.opencontainers.image.ref.name'];
  return name === undefined ? undefined : familiarName(name);
}

export interface FoundManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** @returns undefined when something about it, which is noted, is wrong */
export async function readManifest(
  files: Files,
  { manifest }: Candidate,
  problems: Problems,
): Promise<FoundManifest | undefined> {
  const path = blobPath(manifest.digest);
  if (!(await isWhole(files, manifest, problems))) return undefined;
  const bytes = await readDocument(files, path);
  const document = await problems.read(path, manifestSchema);
  if (bytes === undefined || document === undefined) return undefined;
  const { config, layers, mediaType = manifest.mediaType } = document;
  if (mediaType !== manifest.mediaType)
    return problems.add(path, `it says that it is ${mediaType}, and the index ${manifest.mediaType}`);
  for (const layer of layers)
    if (isForeign(layer.mediaType))
      problems.add(
        path,
        `layer ${layer.digest} is ${layer.mediaType}, which is kept elsewhere`,
        'build the image on another base',
      );
  const whole = await Promise.all([config, ...layers].map((each) => isWhole(files, each, problems)));
  return whole.includes(false) ? undefined : { mediaType, bytes, config, layers };
}

/** Layers that may not be redistributed lie on somebody's server, and only their address in the image. */
function isForeign(mediaType: string): boolean {
  return mediaType.includes('foreign') || mediaType.includes('nondistributable');
}

/** Whether the blob is there, with its size and its digest. */
async function isWhole(files: Files, { digest, size }: Descriptor, problems: Problems): Promise<boolean> {
  const path = blobPath(digest);
  const found = await files.size(path);
  const before = problems.count;
  if (found === undefined) problems.add(path, 'there is no such file');
  else if (found !== size) problems.add(path, `it has ${found} bytes; ${size} were expected`);
  else {
    const real = await files.digest(path);
    if (real !== undefined && real !== digest) problems.add(path, `its digest is ${real}`);
  }
  return problems.count === before;
}

/** A manifest of ours, for images that come without one. The same image gives the same bytes. */
export function makeManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
): FoundManifest & { digest: string } {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  return { mediaType, bytes, config, layers, digest: digestOf(bytes) };
}
