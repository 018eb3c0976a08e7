import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { BlobCache } from '../blob-cache.ts';
import { digestOfStream, hexOf } from '../digest.ts';

/** What is to be taken out of a machine's Docker. No schema reads it, as with RelayConfig. */
export interface ExportConfig {
  /** Docker's socket. */
  readonly socket: string;
  /** The seed's folder for blobs. */
  readonly cache: string;
  /** What the image is called: blobs of its earlier versions go. */
  readonly name: string;
  /** The image's id, which is the digest of its config. */
  readonly id: string;
  /** Digests of its layers, unpacked. */
  readonly layers: readonly string[];
}

/**
 * Puts an image's config and layers into the folder that a seed hands blobs on from, out of this machine's own Docker.
 * What `docker save` gives has other names in each version of Docker; each file of it that has one of the digests is
 * that blob, whatever it is called. Layers that the folder has are read past and not written again.
 *
 * @returns bytes of each blob, by digest
 */
export async function exportImage(config: ExportConfig): Promise<Readonly<Record<string, number>>> {
  const { socket, cache, name, id, layers } = config;
  const digests = [...new Set([id, ...layers])];
  const noFetch = () => Promise.reject(new Error('nothing is fetched here'));
  const blobs = digests.map((digest) => ({ mediaType: '', digest, size: 0 }));
  await new BlobCache(cache, noFetch).keepOnly(name, blobs);
  const missing = new Set<string>();
  for (const digest of digests) if ((await sizeIn(cache, digest)) === undefined) missing.add(digest);
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, 'export-'));
  try {
    if (missing.size > 0) await takeOut(await save(socket, id), missing, cache, scratch);
  } finally {
    await rm(scratch, { recursive: true });
  }
  if (missing.size > 0) throw new Error(`Docker saved no ${[...missing].join(', ')}`);
  const sizes = digests.map(
    async (digest) => [digest, (await stat(join(cache, hexOf(digest)))).size] as const,
  );
  return Object.fromEntries(await Promise.all(sizes));
}

/** A layer that an earlier push left there half, or that was damaged, is none. */
async function sizeIn(cache: string, digest: string): Promise<number | undefined> {
  const file = join(cache, hexOf(digest));
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || (await digestOfStream(createReadStream(file))) !== digest) return undefined;
  return found.size;
}

function save(socketPath: string, id: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: `/images/${id}/get` }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Error(`Docker answered ${response.statusCode} to the save of ${id}`));
    });
    request.once('error', reject);
  });
}

async function takeOut(
  archive: IncomingMessage,
  missing: Set<string>,
  cache: string,
  scratch: string,
): Promise<void> {
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    if (header.type !== 'file') {
      stream.resume();
      stream.once('end', next);
      return;
    }
    const file = join(scratch, 'blob');
    const hash = createHash('sha256');
    const hashing = new Transform({
      transform: (chunk, _encoding, done) => {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    pipeline(stream, hashing, createWriteStream(file, { mode: 0o600 }))
      .then(async () => {
        const digest = `sha256:${hash.digest('hex')}`;
        if (missing.delete(digest)) await rename(file, join(cache, hexOf(digest)));
      })
      .then(() => next(), next);
  });
  await pipeline(archive, extract);
}
