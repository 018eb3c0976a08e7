import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import { heartbeat } from '../model/remind.ts';
import { accepted, complete, get, NotReached, Refused } from './download-request.ts';
import type { Log } from './log.ts';

/** What a downloaded image says of itself. */
export interface DownloadManifest {
  readonly key: string;
  readonly url: string;
  readonly sha512: string;
}

interface DownloadOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the second try, doubled before each further one; default 1000. */
  readonly pause?: number;
}

/** Times a transfer that is cut is taken up again before the user is asked. */
const attempts = 5;

/** The cache folder of a download: the contents decide, not the place they come from. */
export function downloadKey(sha512: string): string {
  return `sha512-${sha512.slice(0, 32)}`;
}

/**
 * Downloads a disk image into `folder`, as disk.qcow2 or disk.raw. What arrived of a cut transfer stays in
 * `disk.part`, and the next attempt or the next call goes on from there. Environment variables for proxies
 * (http_proxy, https_proxy, no_proxy) are respected.
 *
 * @throws Error when the server can't be reached or refuses, there is no room, the transfer is cut too often, or the contents are not the expected ones
 */
export async function downloadImage(
  source: { readonly url: string; readonly sha512: string },
  folder: string,
  options: DownloadOptions,
): Promise<DownloadManifest> {
  const part = join(folder, 'disk.part');
  await transfer(source.url, part, options);
  const sha512 = await digest(part);
  if (sha512 !== source.sha512.toLowerCase()) {
    await rm(part);
    throw new Error(
      `${source.url}: the download's sha512 is ${sha512}, expected ${source.sha512}: ` +
        'it was removed; check the digest against the publisher, the file may have been replaced by a newer one',
    );
  }
  await rename(part, join(folder, `disk.${await diskFormat(part, source.url)}`));
  return { key: downloadKey(source.sha512), url: source.url, sha512 };
}

async function transfer(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { log, signal, pause = 1000 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await transferOnce(url, part, options);
    } catch (cause) {
      signal?.throwIfAborted();
      const size = await sizeOf(part);
      if (cause instanceof Refused) throw cause;
      if (attempt === attempts) throw givenUp(url, cause, size);
      log(`${url}: ${messageOf(cause)}; going on after ${size} bytes`);
      await sleep(pause * 2 ** (attempt - 1), undefined, { signal });
    }
  }
}

function givenUp(url: string, cause: unknown, size: number): Error {
  const message =
    cause instanceof NotReached
      ? `${url} could not be reached (${attempts} tries, the last: ${cause.message}); check flotilla:local.image.url and the network (a proxy is taken from https_proxy)`
      : `${url}: the transfer was cut ${attempts} times (${messageOf(cause)}); ${size} bytes are kept, try again to go on`;
  return new Error(message, { cause });
}

async function transferOnce(url: string, part: string, options: DownloadOptions): Promise<void> {
  let said = () => 'connecting';
  const progress = heartbeat(options.log, () => `${url}: ${said()}`);
  try {
    const start = await sizeOf(part);
    const response = await get(url, start, options.signal);
    if (response.statusCode === 416) return complete(response, { url, part, size: start });
    const { resumed, expected } = accepted(response, url);
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    const before = resumed ? start : 0;
    const total = expected ? ` of ${mebibytes(before + expected)}` : '';
    said = () => `${mebibytes(before + received)}${total} MiB`;
    await store(response, createWriteStream(part, { flags: resumed ? 'a' : 'w' }));
    if (expected && received < expected)
      throw new Error(`the connection ended after ${received} of ${expected} bytes`);
  } finally {
    progress.stop();
  }
}

/**
 * Writes what arrives to the file, all of it, also when the transfer is cut: `pipeline` would drop what waits to be
 * written, and on a link that is cut often enough a resumed transfer would never get on.
 */
function store(response: IncomingMessage, file: WriteStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    response.on('error', (cause) => {
      failure = cause;
      file.end();
    });
    file.on('error', (cause) => {
      response.destroy();
      reject(new Refused(unwritable(file.path, cause), { cause }));
    });
    file.on('finish', () => (failure ? reject(failure) : resolve()));
    response.pipe(file);
  });
}

function unwritable(part: string | Buffer, cause: NodeJS.ErrnoException): string {
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')
    return `${part}: no space left; free some, or set XDG_CACHE_HOME to a folder elsewhere`;
  return `${part} can't be written: ${cause.message}`;
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Told by the first bytes; compressed images are refused, since nothing could boot them. */
async function diskFormat(file: string, url: string): Promise<'qcow2' | 'raw'> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    const magic = buffer.toString('hex');
    if (magic.startsWith('514649fb')) return 'qcow2';
    const packed = Object.entries(compressions).find(([prefix]) => magic.startsWith(prefix));
    if (packed)
      throw new Error(
        `${url}: the image is compressed (${packed[1]}): name an uncompressed qcow2 or raw image`,
      );
    return 'raw';
  } finally {
    await handle.close();
  }
}

const compressions: Readonly<Record<string, string>> = {
  '1f8b': 'gzip',
  '425a68': 'bzip2',
  fd377a585a00: 'xz',
  '28b52ffd': 'zstd',
};

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
