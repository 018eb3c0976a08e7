import type { Problem } from '../model/problem.ts';
import { buildModeFix } from './build.ts';
import type { HostFacts, LocalRequest } from './host-facts.ts';
import { imageCache } from './image.ts';
import { socketPathLimit, socketPaths } from './paths.ts';

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

/** What this host is looked at for, each with its rule. */
export const hostRules = {
  system: systemProblems,
  programs: programProblems,
  memory: memoryProblems,
  disk: diskProblems,
  sockets: socketProblems,
} as const;

/** All that stands in the way at once; an empty list means go. */
export function preflight(request: LocalRequest, facts: HostFacts): Problem[] {
  return Object.values(hostRules).flatMap((rule) => rule(request, facts));
}

function systemProblems(_: LocalRequest, facts: HostFacts): Problem[] {
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
  const starting = machinesToStart(request, facts);
  const needed = memoryToStart(request, facts);
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

function machinesToStart({ machines }: LocalRequest, { running }: HostFacts): LocalRequest['machines'] {
  return machines.filter(({ name }) => !running.includes(name));
}

/** MiB of all machines that do not run yet. */
export function memoryToStart(request: LocalRequest, facts: HostFacts): number {
  return machinesToStart(request, facts).reduce((sum, { memory }) => sum + memory, 0);
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

function isAtLeast(version: string, least: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
