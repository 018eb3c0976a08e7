import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { digestOf, digestOfStream } from '../image/digest.ts';
import { compare } from '../model/compare.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import type { Compression } from './compression.ts';
import type { CopyStep } from './definition.ts';
import { parentsOf } from './entries.ts';
import { isFolder, type Root } from './flatten.ts';
import { type Layer, LayerWriter } from './layer-writer.ts';

/** What comes into the image of the computer that builds it. */
export interface CopiedFile {
  /** In the image: `etc/nginx/nginx.conf`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Owner and group are root, and whether it can be run is what counts here. */
  readonly mode: number;
  readonly size: number;
  readonly linkname: string;
  readonly digest: string;
  /** On this computer. */
  readonly source: string;
}

/**
 * All that a step copies, sorted by path in the image.
 *
 * @param folders where sources are looked for, the first that has one
 * @throws InvalidInput with all that are in none of them
 */
export async function listCopied(
  { copy }: CopyStep,
  folders: readonly string[],
): Promise<readonly CopiedFile[]> {
  const problems: Problem[] = [];
  const found: CopiedFile[] = [];
  for (const [source, target] of Object.entries(copy)) {
    const real = await firstOf(folders.map((folder) => join(folder, source)));
    if (real !== undefined) found.push(...(await list(real, target.replace(/^\/+/, ''))));
    else
      problems.push({
        path: `copy: ${source}`,
        problem: `there is no such file in ${folders.join(', ')}`,
        fix: 'put it there, or name its folder with --files FOLDER',
      });
  }
  if (problems.length > 0) throw new InvalidInput("The image can't be built:", problems);
  return found.sort((a, b) => compare(a.path, b.path));
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await lstat(path).catch(() => undefined)) return path;
  return undefined;
}

async function list(source: string, path: string): Promise<CopiedFile[]> {
  const about = await lstat(source);
  const common = { path, source, size: 0, linkname: '', digest: '' };
  if (about.isSymbolicLink()) {
    const linkname = await readlink(source);
    return [{ ...common, type: 'symlink', mode: 0o777, linkname, digest: digestOf(Buffer.from(linkname)) }];
  }
  if (about.isDirectory()) {
    const below = (await readdir(source)).map((name) => list(join(source, name), posix.join(path, name)));
    return [{ ...common, type: 'directory', mode: 0o755 }, ...(await Promise.all(below)).flat()];
  }
  const digest = await digestOfStream(createReadStream(source));
  return [{ ...common, type: 'file', mode: about.mode & 0o100 ? 0o755 : 0o644, size: about.size, digest }];
}

/** Writes the layer; folders that the root below has keep their owner and mode. */
export async function writeCopied(
  files: readonly CopiedFile[],
  root: Root,
  file: string,
  compression: Compression,
): Promise<Layer> {
  const writer = new LayerWriter(file, compression);
  const written = new Set<string>();
  const addFolder = async (path: string) => {
    const header = root.get(path)?.header;
    // What lies there and is none is a link to one, which stays.
    if (written.has(path) || (header && !isFolder(header))) return;
    written.add(path);
    await writer.add(path, header ?? { type: 'directory', mode: 0o755 }, Buffer.alloc(0));
  };
  for (const copied of files) {
    // Also those that are there: who unpacks a layer makes folders that it does not name, as root's.
    for (const parent of parentsOf(copied.path)) await addFolder(parent);
    if (copied.type === 'directory') await addFolder(copied.path);
    else await writer.add(copied.path, copied, contentsOf(copied));
  }
  return writer.finish();
}

function contentsOf({ type, source }: CopiedFile): AsyncIterable<Uint8Array> | Buffer {
  return type === 'file' ? createReadStream(source) : Buffer.alloc(0);
}
