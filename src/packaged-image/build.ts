import { createHash } from 'node:crypto';
import { cacheFolder } from '../qemu/cache-folder.ts';
import { baseRecipe, type ChrootOptions, type Debian, mmdebstrap, roots, suite } from './chroot.ts';
import type { Compression } from './compression.ts';
import { listCopied, writeCopied } from './copied-files.ts';
import type { ChrootStep, Definition, Step } from './definition.ts';
import { writeDifference } from './difference.ts';
import { flatten, readRoot } from './flatten.ts';
import { type CachedLayer, type CacheOptions, ensureLayer } from './layer-cache.ts';
import { type Layer, sourceDateEpoch } from './layer-writer.ts';
import { keepLayout } from './layout.ts';

export interface BuildImageOptions extends Omit<CacheOptions, 'cache'> {
  /** Where files to copy are looked for, in this order. */
  readonly folders: readonly string[];
  /** Default: `containerCache()` */
  readonly cache?: string;
  /** Default: mmdebstrap */
  readonly debian?: Debian;
}

type Kept = CacheOptions & { readonly debian: Debian; readonly compression: Compression };

/** Where layers and images are kept. All of it may be removed while nothing is built. */
export function containerCache(env?: NodeJS.ProcessEnv): string {
  return cacheFolder('containers', env);
}

/**
 * Builds the image, step by step, each of them a layer; what is in the cache is taken from there. No daemon is asked, and
 * where mmdebstrap can do without root, no root.
 *
 * @returns the folder of an OCI layout
 * @throws InvalidInput when files to copy are missing, Error with the last lines of what failed
 */
export async function buildImage(definition: Definition, options: BuildImageOptions): Promise<string> {
  const { compression } = definition;
  const kept = { debian: mmdebstrap, ...options, compression, cache: options.cache ?? containerCache() };
  const works = await Promise.all(definition.steps.map((step) => workOf(step, options.folders)));
  let key = keyOf(baseRecipe, compression);
  const layers = [await baseLayer(key, kept)];
  for (const work of works) {
    key = keyOf(key, work.content);
    layers.push(await stepLayer(key, work, layers, kept));
  }
  return keepLayout(definition, layers, kept);
}

/** A step with all that its layer depends on besides the layers below. */
interface Work {
  readonly content: unknown;
  make(below: readonly string[], blob: string, options: Kept & ChrootOptions): Promise<Layer>;
}

async function workOf(step: Step, folders: readonly string[]): Promise<Work> {
  if (!('copy' in step))
    return { content: step, make: (below, blob, options) => chrootLayer(step, below, blob, options) };
  const files = await listCopied(step, folders);
  return {
    content: files.map(({ source, ...rest }) => rest),
    make: async (below, blob, { compression }) =>
      writeCopied(files, await readRoot(below, compression), blob, compression),
  };
}

/** Counts up when the same step makes another layer than before: those in caches are not used any more then. */
const layerFormat = 3;

function keyOf(...parts: readonly unknown[]): string {
  const text = JSON.stringify([layerFormat, sourceDateEpoch, ...parts]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

async function baseLayer(key: string, options: Kept): Promise<CachedLayer> {
  return ensureLayer(
    key,
    async (folder, blob) => {
      options.log(`building the lowest layer, Debian ${suite}`);
      const { after } = roots(folder);
      await options.debian.makeBase(after, { ...options, folder });
      return writeDifference(undefined, after, blob, options.compression);
    },
    options,
  );
}

async function stepLayer(
  key: string,
  { content, make }: Work,
  layers: readonly CachedLayer[],
  options: Kept,
): Promise<CachedLayer> {
  const below = layers.map(({ file }) => file);
  return ensureLayer(
    key,
    (folder, blob) => {
      options.log(`building layer ${layers.length + 1}: ${JSON.stringify(content).slice(0, 100)}`);
      return make(below, blob, { ...options, folder });
    },
    options,
  );
}

async function chrootLayer(
  step: ChrootStep,
  below: readonly string[],
  blob: string,
  options: Kept & ChrootOptions,
): Promise<Layer> {
  const { before, after } = roots(options.folder);
  await flatten(below, before, options.compression);
  await options.debian.doStep(step, { before, after }, options);
  return writeDifference(before, after, blob, options.compression);
}
