import { chmod, constants, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { parseJson } from '../model/parse-json.ts';
import type { MachineSpec } from './arguments.ts';
import { run } from './command.ts';
import { exists } from './exists.ts';
import type { Log } from './log.ts';
import { machinePaths } from './paths.ts';
import { seedFiles } from './seed.ts';
import type { SavedMachine } from './snapshot.ts';

interface FolderOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Completes a machine's folder before a start. The disk appears under its name only when it is whole; the seed is
 * written anew each time.
 *
 * @param from what a new machine is to wake from
 * @returns what this start wakes from: saved memory fits only a disk that has not run on
 */
export async function prepareFolder(
  spec: MachineSpec,
  from: SavedMachine | undefined,
  options: FolderOptions,
): Promise<SavedMachine | undefined> {
  const paths = machinePaths(spec.folder);
  await mkdir(paths.seed, { recursive: true, mode: 0o700 });
  for (const [name, text] of seedFiles(spec.seed))
    await writeFile(`${paths.seed}/${name}`, text, { mode: 0o600 });
  // QEMU makes them anew, but would not start over a file it may not replace.
  await Promise.all([paths.qmp, paths.lan].map((socket) => rm(socket, { force: true })));
  for (const [at, size] of (spec.emptyDisks ?? []).entries())
    await createEmptyDisk(spec, paths.emptyDisk(at), size, options);
  if (await exists(paths.disk)) return undefined;
  if (from) await copyDisk(from.disk, paths.disk);
  else await createDisk(spec, paths.disk, options);
  return from;
}

async function createDisk(spec: MachineSpec, file: string, options: FolderOptions): Promise<void> {
  const part = `${file}.part`;
  const { disk } = spec.image;
  const size = Math.max(spec.disk * 1024 ** 3, await imageSize(spec, options));
  await run(
    ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', disk.format, '-b', disk.file, part, String(size)],
    { ...options, purpose: `${spec.name}: creating its disk`, deadline: 60_000 },
  );
  await rename(part, file);
}

/** @param size in GiB */
async function createEmptyDisk(
  { name }: MachineSpec,
  file: string,
  size: number,
  options: FolderOptions,
): Promise<void> {
  if (await exists(file)) return;
  const part = `${file}.part`;
  const create = ['qemu-img', 'create', '-q', '-f', 'qcow2', part, `${size}G`];
  await run(create, { ...options, purpose: `${name}: creating an empty disk`, deadline: 60_000 });
  await rename(part, file);
}

/**
 * Bytes of a disk that has its own partitions: an overlay that is smaller would cut them off, and qemu-img says nothing.
 * A built image is smaller than any machine's disk.
 */
async function imageSize({ name, image }: MachineSpec, options: FolderOptions): Promise<number> {
  if (image.boot) return 0;
  const { file, format } = image.disk;
  const asked = ['qemu-img', 'info', '-f', format, '--output=json', file];
  const purpose = `${name}: looking at its image`;
  const { 'virtual-size': size }: { readonly 'virtual-size'?: unknown } = Object(
    parseJson(await run(asked, { ...options, purpose, deadline: 60_000 })),
  );
  if (typeof size === 'number') return size;
  throw new Error(`${name}: qemu-img does not say how large ${file} is: is it a disk image?`);
}

/** A copy, not an overlay: the template may be pruned while its machines live. */
async function copyDisk(from: string, file: string): Promise<void> {
  const part = `${file}.part`;
  await copyFile(from, part, constants.COPYFILE_FICLONE);
  await chmod(part, 0o600);
  await rename(part, file);
}
