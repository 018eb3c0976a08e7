import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NpmPackage } from '../programs/program.ts';
import { run } from '../qemu/command.ts';
import type { PackageOptions, PackageSource } from './package-source.ts';
import { unpackTar } from './unpack-tar.ts';

/** Milliseconds for a package of 52 MB. */
const deadline = 20 * 60_000;

/** A package of npm's, by npm itself, which knows registry, proxy, certificates and passwords that it is told here. */
export function npmSource({ name, version }: NpmPackage, options: PackageOptions): PackageSource {
  const { npm = 'npm', log, signal } = options;
  // A scope's slash is a dash in the name of the file that `npm pack` writes.
  const packed = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  return {
    file: packed,
    places: [`npm's ${name}@${version}`],
    async fetch(_place, file) {
      const folder = await mkdtemp(join(dirname(file), '.npm-'));
      try {
        const command = [npm, 'pack', '--loglevel=error', '--ignore-scripts', `${name}@${version}`];
        await run([...command, '--pack-destination', folder], { log, signal, purpose: packed, deadline });
        await rename(join(folder, packed), file);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    unpack: (bytes, program, file) => unpackTar(bytes, { flag: 'z', name: `package/bin/${program}`, file }),
    fix: 'Look at what npm says of its registry (`npm config get registry`)',
    nowhere: '',
  };
}
