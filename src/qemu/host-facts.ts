import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { buildMode } from './build.ts';
import { exists } from './exists.ts';
import type { ImageSource } from './image.ts';
import { imageCache, imageKey, readImage } from './image.ts';
import { readMachine } from './machine-state.ts';
import { machineFolder } from './paths.ts';
import { qemuVersion } from './qemu-version.ts';
import type { BuildMode, Suite } from './recipe.ts';

/** What a stack asks of this host. */
export interface LocalRequest {
  /** The stack's folder, absolute. */
  readonly stackFolder: string;
  readonly image: ImageSource;
  readonly machines: readonly {
    readonly name: string;
    /** Where the config says so: `flotilla:machines.core`. */
    readonly path: string;
    /** MiB */
    readonly memory: number;
    /** GiB */
    readonly disk: number;
  }[];
}

/** What this host is and has. */
export interface HostFacts {
  /** `process.platform` and `process.arch` */
  readonly platform: string;
  readonly arch: string;
  /** undefined when there is no QEMU */
  readonly qemuVersion: string | undefined;
  /** False when the image has to be built and this user can't; undefined when it needn't be. */
  readonly canBuild: boolean | undefined;
  /** Programs that were looked for and not found. */
  readonly missingPrograms: readonly string[];
  /** MiB that programs could still get (MemAvailable in proc(5)). */
  readonly memory: number;
  /** Bytes free where the stack's folder is or will be. */
  readonly disk: number;
  /** Bytes free where images are made; undefined when that is the same file system. */
  readonly cacheDisk: number | undefined;
  /** Names of the stack's machines that have their disk already: its room is not asked for again. */
  readonly existing: readonly string[];
  /** Names of the stack's machines that run already; their memory is not asked for again. */
  readonly running: readonly string[];
}

/** Looks at this host. Takes some milliseconds and changes nothing. */
export async function gatherFacts(request: LocalRequest): Promise<HostFacts> {
  const machines = await Promise.all(
    request.machines.map(async ({ name }) => ({
      name,
      state: await readMachine(machineFolder(request.stackFolder, name)),
    })),
  );
  const namesOf = (those: typeof machines) => those.map(({ name }) => name);
  const suite = await suiteToBuild(request.image);
  const mode = suite && (await buildMode(suite));
  const own = await fileSystemOf(request.stackFolder);
  const cache = await fileSystemOf(imageCache());
  return {
    platform: process.platform,
    arch: process.arch,
    qemuVersion: await qemuVersion(),
    canBuild: suite && mode !== undefined,
    missingPrograms: await missingPrograms(neededPrograms(mode)),
    memory: await availableMemory(),
    disk: own.free,
    cacheDisk: cache.device === own.device ? undefined : cache.free,
    existing: namesOf(machines.filter(({ state }) => state !== undefined)),
    running: namesOf(machines.filter(({ state }) => state?.running)),
  };
}

/** Of the folder, or of where it will be. */
async function fileSystemOf(folder: string): Promise<{ device: number; free: number }> {
  const there = await existingFolder(folder);
  const [{ dev }, { bavail, bsize }] = await Promise.all([stat(there), statfs(there)]);
  return { device: dev, free: bavail * bsize };
}

/** undefined when the image is there, or is downloaded. */
async function suiteToBuild(image: ImageSource): Promise<Suite | undefined> {
  if (image.kind === 'url') return undefined;
  return (await readImage(join(imageCache(), imageKey(image)))) ? undefined : image.suite;
}

const programsByMode: Readonly<Record<BuildMode, readonly string[]>> = {
  root: [],
  unshare: ['fakeroot'],
  fakechroot: ['fakeroot', 'fakechroot'],
};

function neededPrograms(mode: BuildMode | undefined): readonly string[] {
  const always = ['qemu-system-x86_64', 'qemu-img'];
  return mode === undefined ? always : [...always, 'mmdebstrap', 'mke2fs', ...programsByMode[mode]];
}

async function missingPrograms(programs: readonly string[]): Promise<string[]> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = await Promise.all(
    programs.map(async (program) => {
      const tries = folders.map((folder) => access(join(folder, program), constants.X_OK));
      return Promise.any(tries).then(
        () => [],
        () => [program],
      );
    }),
  );
  return found.flat();
}

async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  return Math.floor(Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024);
}

/** The folder itself or the nearest one above it that is there. */
async function existingFolder(folder: string): Promise<string> {
  return (await exists(folder)) || folder === dirname(folder) ? folder : existingFolder(dirname(folder));
}
