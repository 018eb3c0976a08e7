import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { compare } from '../../model/compare.ts';
import { messageOf } from '../../model/message-of.ts';
import { InvalidInput, type Problem } from '../../model/problem.ts';
import { type Dockerignore, parseDockerignore } from './dockerignore.ts';

interface Entry {
  /** Below the context, with slashes. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  /** Bytes; 0 for what is no file. */
  readonly size: number;
  readonly target: string | undefined;
}

/** What a build gets to see of a folder. */
export interface BuildContext {
  /** Of the Dockerfile, below the folder. */
  readonly dockerfile: string;
  readonly files: number;
  /** Of all files together; less leaves this computer, since it goes compressed. */
  readonly bytes: number;
  /** Files that hold secrets by their name and belong to the context. */
  readonly secrets: readonly string[];
  /** The archive that Docker's API takes. The same folder gives the same bytes. */
  open(): Readable;
}

/** One date for all files: when they were cloned is nothing that an image should differ by. */
const date = new Date(Date.UTC(2000, 0, 1));

const secretName =
  /(?:^|\/)(?:\.env(?:\.[^/]+)?|id_(?:rsa|ed25519|ecdsa)|\.npmrc|\.netrc|[^/]+\.(?:pem|key))$/;

/**
 * Looks at the folder and opens nothing of it but `.dockerignore`.
 *
 * @param dockerfile path below the folder
 * @throws InvalidInput with all that can't be sent
 */
export async function readContext(folder: string, dockerfile: string): Promise<BuildContext> {
  const root = await rootOf(folder);
  const ignore = await readIgnore(root);
  const problems: Problem[] = [];
  const path = posix.normalize(dockerfile);
  const walk: Walk = { root, ignore, always: new Set([path, '.dockerignore']), problems };
  const entries = (await entriesBelow(walk, '')).toSorted((a, b) => compare(a.path, b.path));
  if (entries.find((each) => each.path === path)?.type !== 'file')
    problems.unshift({
      path: `${folder}/${dockerfile}`,
      problem: 'there is no such file in the folder',
      fix: 'name the Dockerfile with --file, by its path below the folder',
    });
  if (problems.length > 0) throw new InvalidInput(`${folder} can't be built:`, problems);
  const files = entries.filter(({ type }) => type === 'file');
  return {
    dockerfile: path,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    secrets: files.map((file) => file.path).filter((each) => secretName.test(each)),
    open: () => pack(root, entries),
  };
}

async function rootOf(folder: string): Promise<string> {
  const root = await realpath(folder).catch(() => undefined);
  if (root !== undefined && (await lstat(root)).isDirectory()) return root;
  const fix = 'name the folder that the Dockerfile is in';
  throw new InvalidInput(`${folder} can't be built:`, [
    { path: folder, problem: 'there is no such folder', fix },
  ]);
}

async function readIgnore(root: string): Promise<Dockerignore> {
  const text = await readFile(join(root, '.dockerignore'), 'utf8').catch(() => '');
  try {
    return parseDockerignore(text);
  } catch (error) {
    const fix = 'see docs.docker.com/build/concepts/context/#syntax';
    throw new InvalidInput(`${root} can't be built:`, [
      { path: '.dockerignore', problem: messageOf(error), fix },
    ]);
  }
}

interface Walk {
  readonly root: string;
  readonly ignore: Dockerignore;
  /** What Docker itself needs, whatever `.dockerignore` says; it takes it away again before the first step. */
  readonly always: ReadonlySet<string>;
  readonly problems: Problem[];
}

async function entriesBelow(walk: Walk, folder: string): Promise<readonly Entry[]> {
  const names = await readdir(join(walk.root, folder));
  const found = await Promise.all(names.map((name) => entriesAt(walk, posix.join(folder, name))));
  return found.flat();
}

async function entriesAt(walk: Walk, path: string): Promise<readonly Entry[]> {
  const found = await lstat(join(walk.root, path));
  const excluded = walk.ignore.excludes(path) && !walk.always.has(path);
  const common = { path, mode: found.mode & 0o777, size: 0, target: undefined };
  if (found.isDirectory()) {
    const mayHold =
      !excluded || walk.ignore.hasExceptions || [...walk.always].some((each) => each.startsWith(`${path}/`));
    const below = mayHold ? await entriesBelow(walk, path) : [];
    return excluded && below.length === 0 ? [] : [{ ...common, type: 'directory' }, ...below];
  }
  if (excluded) return [];
  if (found.isFile()) return [{ ...common, type: 'file', size: found.size }];
  if (!found.isSymbolicLink()) return refuse(walk, path, 'it is neither file, folder nor link');
  const target = await readlink(join(walk.root, path));
  if (leadsOut(path, target)) return refuse(walk, path, `its link to ${target} leads out of the folder`);
  return [{ ...common, type: 'symlink', mode: 0o777, target }];
}

function leadsOut(path: string, target: string): boolean {
  const end = posix.join(posix.dirname(path), target);
  return target.startsWith('/') || end === '..' || end.startsWith('../');
}

function refuse({ problems }: Walk, path: string, problem: string): readonly Entry[] {
  problems.push({ path, problem, fix: 'name it in .dockerignore, or put what it leads to into the folder' });
  return [];
}

function pack(root: string, entries: readonly Entry[]): Readable {
  const archive = tar.pack();
  const compressed = createGzip();
  const write = async () => {
    for (const entry of entries) await add(archive, root, entry);
    archive.finalize();
  };
  write().catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  pipeline(archive, compressed).catch(() => undefined);
  return compressed;
}

async function add(archive: tar.Pack, root: string, entry: Entry): Promise<void> {
  const { path, type, mode, size, target } = entry;
  const name = type === 'directory' ? `${path}/` : path;
  const header = { name, type, mode, size, mtime: date, uid: 0, gid: 0 };
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (type !== 'file') archive.entry({ ...header, ...(target && { linkname: target }) }, done);
    else pipeline(contents(root, path, size), archive.entry(header, done)).catch(done);
  });
}

/** The archive says before it how long a file is. */
async function* contents(root: string, path: string, size: number): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const chunk of createReadStream(join(root, path))) {
    count += chunk.length;
    if (count > size) break;
    yield chunk;
  }
  if (count !== size) throw new Error(`${path} has changed while it was sent; run it again`);
}
