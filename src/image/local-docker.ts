import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Lets `use` read an image of this computer's Docker, saved to an archive that is removed after it.
 *
 * @throws what `docker save` complains of
 */
export async function withSavedImage<T>(
  name: string,
  signal: AbortSignal,
  use: (archive: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-image-'));
  try {
    const archive = join(folder, 'image.tar');
    await save(name, archive, signal);
    return await use(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * What this computer's Docker calls the image: another one after every change of it.
 *
 * @throws what `docker image inspect` complains of
 */
export async function localImageId(name: string): Promise<string> {
  return (await docker(name, ['inspect', '--format', '{{.Id}}', name])).trim();
}

async function save(name: string, archive: string, signal: AbortSignal): Promise<void> {
  await docker(name, ['save', '--output', archive, name], signal);
}

async function docker(name: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('docker', ['image', ...args], signal ? { signal } : {});
    return stdout;
  } catch (cause) {
    signal?.throwIfAborted();
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    const why = missing ? 'there is no docker on this computer either' : `docker says: ${said}`;
    const fix = 'name an OCI layout, an archive of `docker save`, or an image that `docker image ls` shows';
    throw new Error(`there is no file or folder ${name}, and ${why}; ${fix}`, { cause });
  }
}
