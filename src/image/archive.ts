import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar, { type Header } from 'tar-stream';
import { messageOf } from '../model/message-of.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import type { Files } from './files.ts';

interface Entry {
  /** Of its first byte in the archive. */
  readonly offset: number;
  readonly size: number;
  readonly digest: string;
}

/** Entries of the largest archive: Docker's own have a few per layer, of which there are 127 at most. */
const entryLimit = 20_000;

/** How compressed archives begin, and who unpacks them. */
const compressed: Readonly<Record<string, string>> = { '1f8b': 'gunzip', '28b5': 'unzstd', fd37: 'unxz' };

/** tar-stream tells where an entry's bytes begin; its types don't. */
type Located = Header & { readonly byteOffset: number };

/**
 * Reads the archive once, from end to end, and remembers where each file lies and its digest: nothing is unpacked, so
 * nothing can be written to where it should not be.
 *
 * @throws InvalidInput with all that is wrong with its entries
 */
export async function openArchive(where: string): Promise<Files> {
  await refuseCompressed(where);
  const { entries, links, problems } = await index(where);
  if (problems.length > 0) throw new InvalidInput(`${where} can't be used:`, problems);
  const find = (path: string) => entries.get(path) ?? entries.get(links.get(path) ?? '');
  return {
    where,
    size: async (path) => find(path)?.size,
    open: (path, span) => {
      const { offset, size } = find(path) ?? { offset: 0, size: 0 };
      if (size === 0) return Readable.from([]);
      const { start, end } = span ?? { start: 0, end: size - 1 };
      return createReadStream(where, { start: offset + start, end: offset + Math.min(end, size - 1) });
    },
    digest: async (path) => find(path)?.digest ?? '',
  };
}

interface Index {
  readonly entries: Map<string, Entry>;
  /** Docker before 25 has links to layers that an archive already holds. */
  readonly links: Map<string, string>;
  readonly problems: Problem[];
}

async function index(where: string): Promise<Index> {
  const found: Index = { entries: new Map(), links: new Map(), problems: [] };
  const extract = tar.extract();
  let count = 0;
  extract.on('entry', (header, stream, next) => {
    count += 1;
    if (count > entryLimit) return next(new Error(`it has more than ${entryLimit} entries`));
    const hash = createHash('sha256');
    stream.on('data', (chunk) => hash.update(chunk as Buffer));
    stream.once('end', () => {
      note(found, where, header as Located, `sha256:${hash.digest('hex')}`);
      next();
    });
  });
  try {
    await pipeline(createReadStream(where), extract);
  } catch (cause) {
    const problem = `it is no archive that could be read: ${messageOf(cause)}`;
    const fix = 'make it anew with `docker save --output FILE IMAGE`';
    throw new InvalidInput(`${where} can't be used:`, [{ path: where, problem, fix }]);
  }
  return found;
}

function note({ entries, links, problems }: Index, where: string, header: Located, digest: string): void {
  const { name, type, linkname, size = 0, byteOffset: offset } = header;
  const path = inside(name);
  const refuse = (problem: string) =>
    problems.push({ path: `${where}: ${name}`, problem, fix: 'make the archive anew with `docker save`' });
  if (path === undefined) refuse('it leads out of the archive');
  else if (entries.has(path) || links.has(path)) refuse('the archive has it twice');
  else if (type === 'file' || type === 'contiguous-file') entries.set(path, { offset, size, digest });
  else if (type === 'symlink' || type === 'link') {
    const target = inside(
      type === 'symlink' ? posix.join(posix.dirname(path), linkname ?? '') : (linkname ?? ''),
    );
    if (target === undefined || linkname?.startsWith('/'))
      refuse(`its link to ${linkname} leads out of the archive`);
    else links.set(path, target);
  }
}

/** The path without detours; undefined for one that is absolute or leads upwards. */
function inside(name: string): string | undefined {
  const path = posix.normalize(name).replace(/\/$/, '');
  return path.startsWith('/') || path === '..' || path.startsWith('../') ? undefined : path;
}

async function refuseCompressed(where: string): Promise<void> {
  const file = await open(where);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const program = compressed[buffer.toString('hex')];
    if (program === undefined) return;
    const fix = `unpack it first, as with \`${program}\`: each layer is read where it lies`;
    throw new InvalidInput(`${where} can't be used:`, [{ path: where, problem: 'it is compressed', fix }]);
  } finally {
    await file.close();
  }
}
