import { stat } from 'node:fs/promises';
import { openArchive } from './archive.ts';
import { digestOf } from './digest.ts';
import { listSaved, readSaved } from './docker-save.ts';
import { type Files, unread } from './files.ts';
import { openFolder } from './folder.ts';
import type { Image } from './image.ts';
import { blobPath, type FoundManifest, listLayout, readManifest } from './oci-layout.ts';
import { Problems } from './problems.ts';
import { configSchema } from './schemas.ts';

export interface ImageChoice {
  /** Which image of a source that has several, by its name there. */
  readonly select?: string | undefined;
  /** Which of an image that is there for several platforms: `linux/amd64`. */
  readonly platform: string;
  /** Whether blobs are looked at no further than their sizes: enough to tell which image it is. Default: false. */
  readonly unread?: boolean | undefined;
}

/**
 * The image of an OCI layout, a folder or an archive, or of a `docker save` archive.
 *
 * @param where path of the folder or archive
 * @throws InvalidInput with all that is wrong with it; nothing of it has left this computer by then
 */
export async function readImage(where: string, choice: ImageChoice): Promise<Image> {
  const found = (await stat(where)).isDirectory() ? await openFolder(where) : await openArchive(where);
  const files = choice.unread ? unread(found) : found;
  const problems = new Problems(files);
  const image = await read(files, choice, problems);
  problems.throwIfAny();
  if (image === undefined) throw new Error(`${where} was read without an image and without a problem`);
  return image;
}

async function read(files: Files, choice: ImageChoice, problems: Problems): Promise<Image | undefined> {
  if ((await files.size('oci-layout')) !== undefined) return readLayout(files, choice, problems);
  if ((await files.size('manifest.json')) !== undefined) return readArchive(files, choice, problems);
  return problems.add(
    'oci-layout',
    'neither this file nor manifest.json is there: it is no image',
    'name an OCI layout, or what `docker save --output FILE IMAGE` made',
  );
}

async function readLayout(files: Files, choice: ImageChoice, problems: Problems): Promise<Image | undefined> {
  const all = await listLayout(files, problems);
  if (problems.count > 0) return undefined;
  const fit = all.filter(({ platform }) => platform === undefined || platform === choice.platform);
  if (fit.length === 0 && all.length > 0)
    return noPlatform(
      all.map(({ platform }) => platform ?? ''),
      choice,
      problems,
    );
  const chosen = choose(
    fit,
    ({ name }) => (name === undefined ? [] : [name]),
    ({ manifest }) => manifest.digest,
    choice,
    problems,
  );
  const manifest = chosen && (await readManifest(files, chosen, problems));
  if (chosen === undefined || manifest === undefined) return undefined;
  return finish(files, chosen.name, manifest, blobPath, choice, problems);
}

async function readArchive(
  files: Files,
  choice: ImageChoice,
  problems: Problems,
): Promise<Image | undefined> {
  const all = await listSaved(problems);
  if (problems.count > 0) return undefined;
  const chosen = choose(
    all,
    ({ names }) => names,
    ({ config }) => config,
    choice,
    problems,
  );
  const saved = chosen && (await readSaved(files, chosen, problems));
  if (chosen === undefined || saved === undefined) return undefined;
  const name = choice.select ?? chosen.names[0];
  return finish(files, name, saved.manifest, (digest) => saved.paths.get(digest) ?? '', choice, problems);
}

/** The only image, or the one that was named. One that has two names is one image. */
function choose<T>(
  all: readonly T[],
  namesOf: (each: T) => readonly string[],
  identity: (each: T) => string,
  { select }: ImageChoice,
  problems: Problems,
): T | undefined {
  const fit = select === undefined ? all : all.filter((each) => namesOf(each).includes(select));
  const distinct = [...new Map(fit.map((each) => [identity(each), each])).values()];
  const [first] = distinct;
  if (first !== undefined && distinct.length === 1) return first;
  const names = all.flatMap(namesOf).join(', ') || 'none with a name';
  const what = select === undefined ? `it has ${distinct.length} images` : `it has no image ${select}`;
  return problems.add('index', `${what}: ${names}`, 'say which with --select NAME, or save one alone');
}

async function finish(
  files: Files,
  name: string | undefined,
  manifest: FoundManifest,
  pathOf: (digest: string) => string,
  choice: ImageChoice,
  problems: Problems,
): Promise<Image | undefined> {
  const { mediaType, bytes, config, layers } = manifest;
  const about = await problems.read(pathOf(config.digest), configSchema);
  if (about === undefined) return undefined;
  const platform = `${about.os}/${about.architecture}`;
  if (platform !== choice.platform) return noPlatform([platform], choice, problems);
  const diffIds = about.rootfs.diff_ids;
  if (diffIds.length !== layers.length)
    return problems.add(
      pathOf(config.digest),
      `it describes ${diffIds.length} layers, and the manifest ${layers.length}`,
    );
  return {
    name,
    manifest: { mediaType, bytes, digest: digestOf(bytes), size: bytes.length },
    config: descriptor(config),
    layers: layers.map(descriptor),
    diffIds,
    architecture: about.architecture,
    open: (digest, span) => files.open(pathOf(digest), span),
  };
}

const descriptor = ({ mediaType, digest, size }: Image['config']) => ({ mediaType, digest, size });

function noPlatform(there: readonly string[], { platform }: ImageChoice, problems: Problems): undefined {
  const fix = 'build it for that platform, or say another with --platform';
  return problems.add('index', `it is for ${[...new Set(there)].join(', ')}, not for ${platform}`, fix);
}
