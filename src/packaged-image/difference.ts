import { createReadStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Compression } from './compression.ts';
import { type Entry, fingerprint, parentsOf, readEntries, skip } from './entries.ts';
import { type Layer, LayerWriter } from './layer-writer.ts';

/** What a root consists of: path → fingerprint. */
type Contents = ReadonlyMap<string, string>;

/** A mark in a layer that a file of the layers below is gone (OCI image specification, "Whiteouts"). */
export const whiteout = '.wh.';

/**
 * What a container gets from elsewhere: devices, and what is mounted there. A build leaves traces of its own in them.
 */
const mounted = /^(dev|proc|sys|run)\//;

/**
 * Writes the layer that makes the root `after` of the root `before`, both tar files. Its entries are sorted by name.
 *
 * @param before undefined for the lowest layer
 * @param file the layer's, which must not be there yet
 */
export async function writeDifference(
  before: string | undefined,
  after: string,
  file: string,
  compression: Compression,
): Promise<Layer> {
  const lower = before === undefined ? new Map<string, string>() : (await index(before)).contents;
  const upper = await index(after);
  const gone = gonePaths(lower, upper);
  const changed = withParents(changedPaths(lower, upper), gone, upper);
  const writer = new LayerWriter(file, compression);
  for (const path of gone)
    await writer.add(join(dirname(path), `${whiteout}${basename(path)}`), { type: 'file' }, Buffer.alloc(0));
  for await (const entry of readEntries(createReadStream(after)))
    if (changed.has(entry.path)) await writer.add(entry.path, entry.header, entry.contents);
    else await skip(entry);
  return writer.finish();
}

interface Index {
  readonly contents: Contents;
  readonly folders: ReadonlySet<string>;
}

async function index(file: string): Promise<Index> {
  const contents = new Map<string, string>();
  const folders = new Set<string>();
  /** Path → the path that holds the contents of this hard link. */
  const links = new Map<string, string>();
  for await (const entry of readEntries(createReadStream(file))) {
    if (entry.path === '' || mounted.test(entry.path)) await skip(entry);
    else {
      contents.set(entry.path, await fingerprint(entry));
      if (entry.header.type === 'directory') folders.add(entry.path);
      const target = linkTarget(entry);
      if (target !== undefined) links.set(entry.path, target);
    }
  }
  for (const [path, print] of sharedPrints(contents, links)) contents.set(path, print);
  return { contents, folders };
}

/**
 * Of all names that share a file: which of them is the file in a tar, and which are links to it, is chance, and differs
 * from one root to the next.
 */
function sharedPrints(
  contents: Contents,
  links: ReadonlyMap<string, string>,
): readonly (readonly [path: string, print: string])[] {
  const groups = new Map<string, string[]>();
  for (const [path, target] of links) groups.set(target, [...(groups.get(target) ?? [target]), path]);
  return [...groups].flatMap(([target, names]) => {
    const print = `${contents.get(target)} ${names.sort().join(' ')}`;
    return names.map((name) => [name, print] as const);
  });
}

function linkTarget({ header }: Entry): string | undefined {
  return header.type === 'link' ? (header.linkname ?? '').replace(/^\.?\//, '') : undefined;
}

/** A file's hard links go with it, as they have its print: those of a lower layer would keep its old contents. */
function changedPaths(lower: Contents, { contents }: Index): ReadonlySet<string> {
  return new Set([...contents].filter(([path, print]) => lower.get(path) !== print).map(([path]) => path));
}

/** Who unpacks a layer makes folders that it does not name, as root's: they come again, as they are. */
function withParents(
  changed: ReadonlySet<string>,
  gone: readonly string[],
  { folders }: Index,
): ReadonlySet<string> {
  const parents = [...changed, ...gone].flatMap(parentsOf).filter((path) => folders.has(path));
  return new Set([...changed, ...parents]);
}

/** A folder's mark is one for all that was in it, and where a file has taken its place there is none. */
function gonePaths(lower: Contents, { contents, folders }: Index): readonly string[] {
  const gone = [...lower.keys()].filter((path) => !contents.has(path));
  return gone.filter((path) => dirname(path) === '.' || folders.has(dirname(path))).sort();
}
