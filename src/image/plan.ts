import { shortDigest } from './digest.ts';
import { blobsOf, type Descriptor, type Image } from './image.ts';

/** What was found on a machine before a push. */
export interface Found {
  readonly architecture: string;
  /** Docker's, such as `26.1.5+dfsg1`. */
  readonly version: string;
  readonly images: readonly {
    readonly id: string;
    readonly names: readonly string[];
    readonly diffIds: readonly string[];
  }[];
  /** Bytes of each blob that earlier pushes left in the folder for them, by digest. */
  readonly cached: ReadonlyMap<string, number>;
}

export interface Candidate {
  readonly name: string;
  /** A text says why the machine can't be used. */
  readonly found: Found | string;
}

export type Action = 'pull' | 'tag' | 'keep' | 'skip';

export interface Step {
  readonly machine: string;
  readonly action: Action;
  readonly reason: string;
  /** The machine that layers come from; undefined where they come from this computer. */
  readonly from: string | undefined;
  /** Layers that the machine lacks. Docker decides: it may have one of an image that was not pulled, and fetch it. */
  readonly layers: readonly Descriptor[];
}

export interface PushPlan {
  /** In the order of the machines. */
  readonly steps: readonly Step[];
  /** The machine that gets each blob once and hands it on; undefined where no machine lacks anything. */
  readonly seed: string | undefined;
  /** Bytes that will leave this computer: of layers that a machine lacks, what the seed has not kept of them. */
  readonly bytes: number;
}

/** Decides, for each machine, what it lacks and whom it gets it from. The same facts give the same plan. */
export function planPush(image: Image, name: string, candidates: readonly Candidate[]): PushPlan {
  const lacking = candidates.map((candidate) => [candidate, lackOf(image, name, candidate)] as const);
  const seed = chooseSeed(image, lacking);
  const steps = lacking.map(([{ name: machine }, lack]): Step => {
    const from = lack.action === 'pull' && machine !== seed?.name ? seed?.name : undefined;
    return { machine, ...lack, from };
  });
  const wanted = blobsOf({ config: image.config, layers: steps.flatMap(({ layers }) => layers) });
  const cached = seed === undefined || typeof seed.found === 'string' ? undefined : seed.found.cached;
  const bytes = wanted.reduce(
    (sum, { digest, size }) => sum + size - Math.min(size, cached?.get(digest) ?? 0),
    0,
  );
  return { steps, seed: seed?.name, bytes: seed === undefined ? 0 : bytes };
}

type Lack = Pick<Step, 'action' | 'reason' | 'layers'>;

function lackOf(image: Image, name: string, { found }: Candidate): Lack {
  const none = { layers: [] };
  if (typeof found === 'string') return { action: 'skip', reason: found, ...none };
  const { architecture } = image;
  if (found.architecture !== architecture)
    return {
      action: 'skip',
      reason: `its processor is ${found.architecture}, and the image for ${architecture}`,
      ...none,
    };
  const id = image.config.digest;
  const kept = found.images.find((each) => each.id === id);
  const named = found.images.find((each) => each.names.includes(name));
  if (kept?.names.includes(name)) return { action: 'keep', reason: `it has ${name} already`, ...none };
  if (kept) return { action: 'tag', reason: `it has the image already, not as ${name}`, ...none };
  const layers = image.layers.slice(sharedLayers(image, found));
  const unreadable = unreadableLayers(layers, found);
  if (unreadable !== undefined) return { action: 'skip', reason: unreadable, ...none };
  const reason = named ? `its ${name} is another image, ${shortDigest(named.id)}` : `it lacks ${name}`;
  return { action: 'pull', reason, layers: blobsOf({ config: image.config, layers }).slice(1) };
}

/** Docker unpacks zstd since 23.0, and what it says of such a layer before is `invalid tar header`. */
function unreadableLayers(layers: readonly Descriptor[], { version }: Found): string | undefined {
  const needsZstd = layers.some(({ mediaType }) => mediaType.endsWith('+zstd'));
  if (!needsZstd || !(Number.parseInt(version, 10) < 23)) return undefined;
  return `its Docker is ${version}, and layers packed with zstd take 23.0 or later; pack them with gzip`;
}

/** Docker keeps a layer for what lies below it too: one is only there with all below it, in the same order. */
function sharedLayers({ diffIds }: Image, { images }: Found): number {
  const shared = images.map((each) => {
    const differs = diffIds.findIndex((id, number) => each.diffIds[number] !== id);
    return differs < 0 ? diffIds.length : differs;
  });
  return Math.max(0, ...shared);
}

/** Who has kept the most of it, so that the least is sent; of several, one that needs it itself; then the first. */
function chooseSeed(image: Image, lacking: readonly (readonly [Candidate, Lack])[]): Candidate | undefined {
  if (!lacking.some(([, { action }]) => action === 'pull')) return undefined;
  const ranked = lacking
    .filter(([, { action }]) => action !== 'skip')
    .map(([candidate, { action }]) => ({
      candidate,
      kept: keptBytes(image, candidate),
      pulls: action === 'pull' ? 1 : 0,
    }));
  return ranked.toSorted((a, b) => b.kept - a.kept || b.pulls - a.pulls)[0]?.candidate;
}

function keptBytes(image: Image, { found }: Candidate): number {
  if (typeof found === 'string') return 0;
  return blobsOf(image).reduce(
    (sum, { digest, size }) => sum + Math.min(size, found.cached.get(digest) ?? 0),
    0,
  );
}
