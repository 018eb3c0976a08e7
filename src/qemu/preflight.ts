import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Problem } from '../model/problem.ts';
import { buildMode, buildModeFix } from './build.ts';
import { exists } from './exists.ts';
import type { ImageSource } from './image.ts';
import { imageCache, imageKey, readImage } from './image.ts';
import { readMachine } from './machine-state.ts';
import { machineFolder, socketPathLimit, socketPaths } from './paths.ts';
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

/** `-netdev stream` came with it. */
const leastQemu = [7, 2] as const;
/** Bytes an overlay grows by in the first boots: packages, journal, a few container images. */
const diskPerMachine = 1024 ** 3;
/** Bytes a built image and its making take. */
const diskForBuild = 3 * 1024 ** 3;

/** Debian package by program. Without QEMU nothing runs; the others only build images. */
const packages: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  fakeroot: 'fakeroot',
  fakechroot: 'fakechroot',
};

/** All that stands in the way at once; an empty list means go. */
export function preflight(request: LocalRequest, facts: HostFacts): Problem[] {
  return [platformProblems, programProblems, memoryProblems, diskProblems, socketProblems].flatMap((check) =>
    check(request, facts),
  );
}

function platformProblems(_: LocalRequest, facts: HostFacts): Problem[] {
  if (facts.platform === 'linux' && facts.arch === 'x64') return [];
  return [
    {
      path: 'flotilla:platform',
      problem: `local machines need Linux on x86-64, this is ${facts.platform} on ${facts.arch}`,
      fix: 'use another platform, or run pulumi on a Linux host',
    },
  ];
}

function programProblems(_: LocalRequest, facts: HostFacts): Problem[] {
  const missing = facts.missingPrograms.map((program) => ({
    path: 'flotilla:platform',
    problem: `${program} is not on PATH`,
    fix: `apt install ${packages[program] ?? program}`,
  }));
  if (facts.canBuild === false) {
    missing.push({
      path: 'flotilla:os',
      problem: "this user can't build the machines' image",
      fix: buildModeFix(),
    });
  }
  if (facts.qemuVersion === undefined || isAtLeast(facts.qemuVersion, leastQemu)) return missing;
  const problem = `QEMU is ${facts.qemuVersion}, ${leastQemu.join('.')} or newer is needed (-netdev stream)`;
  return [...missing, { path: 'flotilla:platform', problem, fix: 'install a newer QEMU' }];
}

function memoryProblems(request: LocalRequest, facts: HostFacts): Problem[] {
  const starting = request.machines.filter(({ name }) => !facts.running.includes(name));
  const needed = starting.reduce((sum, { memory }) => sum + memory, 0);
  if (needed <= facts.memory) return [];
  const names = starting.map(({ name }) => name).join(', ');
  return [
    {
      path: [...new Set(starting.map(({ path }) => path))].join(', '),
      problem: `${starting.length} machines (${names}) need ${needed} MiB of memory, ${facts.memory} MiB are free`,
      fix: 'lower count or memory',
    },
  ];
}

/** The disks grow in the stack's folder; an image that has to be built is made in the cache. */
function diskProblems({ stackFolder, machines }: LocalRequest, facts: HostFacts): Problem[] {
  const fresh = machines.filter(({ name }) => !facts.existing.includes(name));
  const forBuild = facts.canBuild === undefined ? 0 : diskForBuild;
  const inStack = diskPerMachine * fresh.length + (facts.cacheDisk === undefined ? forBuild : 0);
  const problems: Problem[] = [];
  if (inStack > facts.disk)
    problems.push({
      path: 'flotilla:machines',
      problem: `${gibibytes(inStack)} GiB of disk are needed at ${stackFolder}, ${gibibytes(facts.disk)} GiB are free`,
      fix: 'free some space, or set FLOTILLA_HOME to a folder elsewhere',
    });
  if (facts.cacheDisk !== undefined && forBuild > facts.cacheDisk)
    problems.push({
      path: 'flotilla:os',
      problem: `${gibibytes(forBuild)} GiB of disk are needed to build the image in ${imageCache()}, ${gibibytes(facts.cacheDisk)} GiB are free`,
      fix: 'free some space, or set XDG_CACHE_HOME to a folder elsewhere',
    });
  return problems;
}

function socketProblems(request: LocalRequest): Problem[] {
  const names = request.machines.map(({ name }) => name);
  const lengths = socketPaths(request.stackFolder, names).map((path) => ({
    path,
    length: Buffer.byteLength(path),
  }));
  const worst = lengths.reduce((most, each) => (each.length > most.length ? each : most));
  if (worst.length <= socketPathLimit) return [];
  return [
    {
      path: worst.path,
      problem: `a unix socket's path may have ${socketPathLimit} bytes, this one has ${worst.length}`,
      fix: 'set FLOTILLA_HOME to a shorter folder',
    },
  ];
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

function isAtLeast(version: string, least: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
