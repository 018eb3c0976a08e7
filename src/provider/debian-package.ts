import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { reminding } from '../model/remind.ts';
import type { DebianPackage } from '../programs/program.ts';
import { aptSources } from '../qemu/build.ts';
import { run } from '../qemu/command.ts';
import { accepted, get } from '../qemu/download-request.ts';
import { exists } from '../qemu/exists.ts';
import { debianMirrors } from '../qemu/sources.ts';
import type { PackageOptions, PackageSource } from './package-source.ts';
import { unpackTar } from './unpack-tar.ts';

/** Roots of Debian archives, with spaces between; such as one that keeps what a newer version took the place of. */
const archivesVariable = 'FLOTILLA_DEBIAN_ARCHIVES';

/** apt's own downloader, which knows the proxies, certificates and passwords that apt is told here. */
const aptHelper = '/usr/lib/apt/apt-helper';

/** Milliseconds for a package of 11 MB. */
const deadline = 10 * 60_000;

/** @param archives roots of Debian's archive */
export function debianSource(
  { path }: DebianPackage,
  archives: readonly string[],
  options: PackageOptions,
): PackageSource {
  return {
    file: basename(path),
    places: archives.map((archive) => `${archive}/${path}`),
    async fetch(url, file) {
      const { helper = (await exists(aptHelper)) ? aptHelper : '' } = options;
      await (helper ? helped(helper, url, file, options) : download(url, file, options));
    },
    unpack: async (bytes, program, file) =>
      unpackTar(memberOf(bytes, 'data.tar.xz', file), { flag: 'J', name: `./usr/bin/${program}`, file }),
    fix: `Name an archive that has it in ${archivesVariable}`,
    nowhere: 'apt names no Debian archive here',
  };
}

/** Roots of Debian's archive, in the order in which they are asked. */
export async function debianArchives(): Promise<readonly string[]> {
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
