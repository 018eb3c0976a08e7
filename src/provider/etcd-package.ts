import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import type { EtcdProgram } from '../etcd/release.ts';
import { messageOf } from '../model/message-of.ts';
import { reminding } from '../model/remind.ts';
import { aptSources } from '../qemu/build.ts';
import { cacheFolder } from '../qemu/cache-folder.ts';
import { run } from '../qemu/command.ts';
import { accepted, get } from '../qemu/download-request.ts';
import { exists } from '../qemu/exists.ts';
import { debianMirrors } from '../qemu/sources.ts';

export interface PackageOptions {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  /** Where packages are kept; default in this user's cache. */
  readonly cache?: string;
  /** Roots of Debian's archive, asked in this order; default: those of the environment, then apt's own here. */
  readonly archives?: readonly string[];
  /** A downloader like apt's; default: that one, where there is one. Without one, Node's own HTTP. */
  readonly helper?: string;
}

/** Roots of Debian archives, with spaces between; such as one that keeps what a newer version took the place of. */
const archivesVariable = 'FLOTILLA_DEBIAN_ARCHIVES';

/** apt's own downloader, which knows the proxies, certificates and passwords that apt is told here. */
const aptHelper = '/usr/lib/apt/apt-helper';

/** Milliseconds for a package of 11 MB. */
const deadline = 10 * 60_000;

/**
 * A program out of its package, which comes from this computer's cache, or else from a Debian archive. Whatever way it
 * came, its digest is looked at before anything else is done with it; so it may also be put into the cache by hand.
 *
 * @throws with every place that was asked and what it said
 */
export async function obtainProgram(program: EtcdProgram, options: PackageOptions): Promise<Buffer> {
  const { cache = cacheFolder('packages') } = options;
  const file = join(cache, basename(program.package.path));
  const kept = await intact(file, program.package.sha256);
  const bytes = kept ?? (await fetchPackage(program, file, options));
  const found = await unpack(bytes, `./usr/bin/${program.name}`, file);
  if (sha256(found) !== program.sha256)
    throw new Error(`${file}: ${program.name} in it has the SHA-256 ${sha256(found)}, not ${program.sha256}`);
  return found;
}

/** The file if it is the right one. */
async function intact(file: string, digest: string): Promise<Buffer | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function fetchPackage(program: EtcdProgram, file: string, options: PackageOptions): Promise<Buffer> {
  const { path, sha256: wanted } = program.package;
  const { log, signal } = options;
  const { helper = (await exists(aptHelper)) ? aptHelper : '' } = options;
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  const refusals: string[] = [];
  try {
    for (const archive of options.archives ?? (await archives())) {
      const url = `${archive}/${path}`;
      log(`downloading ${url}`);
      try {
        await (helper ? helped(helper, url, part, options) : download(url, part, options));
        const bytes = await readFile(part);
        if (sha256(bytes) !== wanted) throw new Error(`its SHA-256 is ${sha256(bytes)}`);
        await rename(part, file);
        return bytes;
      } catch (error) {
        signal.throwIfAborted();
        refusals.push(`  ${url}: ${messageOf(error)}`);
      }
    }
  } finally {
    await rm(part, { force: true });
  }
  const asked = refusals.length > 0 ? refusals.join('\n') : '  apt names no Debian archive here';
  throw new Error(
    `${basename(path)} with the SHA-256 ${wanted} can't be had:\n${asked}\nName an archive that has it in ${archivesVariable}, or put the file there yourself: ${file}`,
  );
}

async function archives(): Promise<readonly string[]> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const { archive } = debianMirrors(await aptSources(), release);
  const named = process.env[archivesVariable]?.split(' ').filter((url) => url !== '') ?? [];
  return [...named.map((url) => url.replace(/\/$/, '')), ...(archive ? [archive] : [])];
}

async function helped(
  helper: string,
  url: string,
  file: string,
  { log, signal }: PackageOptions,
): Promise<void> {
  await rm(file, { force: true });
  await run([helper, 'download-file', url, file], { log, signal, purpose: basename(url), deadline });
}

async function download(url: string, file: string, { log, signal }: PackageOptions): Promise<void> {
  const response = await get(url, 0, signal);
  const { expected } = accepted(response, url);
  const bytes = await reminding(log, () => url, buffer(response));
  if (expected && bytes.length < expected)
    throw new Error(`the connection ended after ${bytes.length} of ${expected} bytes`);
  await writeFile(file, bytes);
}

/** A package is an archive of ar's with a tar file in it (deb(5)). tar has xz do its part. */
async function unpack(bytes: Buffer, name: string, file: string): Promise<Buffer> {
  const data = memberOf(bytes, 'data.tar.xz', file);
  const child = spawn('tar', ['-xJOf', '-', name], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A tar that ends early closes its input; why it does, it says.
  child.stdin.on('error', () => undefined);
  child.stdin.end(data);
  const [status, found, said] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)]);
  if (status === 0) return found;
  throw new Error(`${file} can't be unpacked (${said.trim()}): are tar and xz there?`);
}

/** ar(5): headers of 60 bytes, the name first, the size in the 48th to 57th; contents begin at even places. */
function memberOf(archive: Buffer, name: string, file: string): Buffer {
  for (let at = 8; at + 60 <= archive.length; ) {
    const header = archive.toString('latin1', at, at + 60);
    const size = Number(header.slice(48, 58));
    const start = at + 60;
    if (header.slice(0, 16).trim().replace(/\/$/, '') === name) return archive.subarray(start, start + size);
    at = start + size + (size % 2);
  }
  throw new Error(`${file} has no ${name}: it is no package of Debian's`);
}
