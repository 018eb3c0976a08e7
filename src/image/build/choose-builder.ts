import { sizeText } from '../../qemu/prune-limits.ts';
import { parseReference } from '../reference.ts';
import type { BuildCandidate, Room } from './room.ts';

/** Bytes of memory below which hardly any step ends well. */
const leastMemory = 64 * 2 ** 20;
/** Bytes of disk that a build has to leave to the machine. */
const spareDisk = 256 * 2 ** 20;

export interface BuildStep {
  readonly machine: string;
  readonly action: 'build' | 'receive' | 'skip';
  readonly reason: string;
}

export interface BuildPlan {
  /** In the order of the machines. */
  readonly steps: readonly BuildStep[];
  /** Undefined where no machine can build. */
  readonly builder: { readonly machine: string; readonly room: Room } | undefined;
}

/** What is to be built, as far as the choice of the machine depends on it. */
export interface Wanted {
  /** `app:1` */
  readonly name: string;
  /** Bytes of the context. */
  readonly bytes: number;
  /** The only machine that may build. */
  readonly machine?: string | undefined;
}

/**
 * Chooses the machine that builds: one that has built an image of this name before, since what its steps made is there
 * still, and else the one with the most memory to spare. The same facts give the same plan.
 */
export function planBuild(wanted: Wanted, candidates: readonly BuildCandidate[]): BuildPlan {
  const fit = candidates
    .filter(({ name }) => wanted.machine === undefined || name === wanted.machine)
    .flatMap(({ name, room }) =>
      typeof room === 'string' || lackOf(wanted, room) ? [] : [{ machine: name, room }],
    );
  const [builder] = fit.toSorted(
    (a, b) =>
      Number(hasBuilt(wanted, b.room)) - Number(hasBuilt(wanted, a.room)) || b.room.memory - a.room.memory,
  );
  const steps = candidates.map((candidate) => stepOf(wanted, candidate, builder?.machine));
  return { steps, builder };
}

function stepOf(
  wanted: Wanted,
  { name: machine, room }: BuildCandidate,
  builder: string | undefined,
): BuildStep {
  if (typeof room === 'string') return { machine, action: 'skip', reason: room };
  if (machine === builder) return { machine, action: 'build', reason: reasonOf(wanted, room) };
  const lack = lackOf(wanted, room);
  if (builder === undefined)
    return { machine, action: 'skip', reason: lack ?? `${wanted.machine} is to build` };
  return { machine, action: 'receive', reason: lack ?? `${sizeText(room.memory)} of memory free` };
}

function reasonOf(wanted: Wanted, room: Room): string {
  if (wanted.machine !== undefined) return 'it was named';
  if (hasBuilt(wanted, room)) return `it has built ${repositoryOf(wanted.name)} before`;
  return `it has the most memory free, ${sizeText(room.memory)}`;
}

function lackOf({ bytes }: Wanted, { memory, disk }: Room): string | undefined {
  if (memory < leastMemory)
    return `it has ${sizeText(memory)} of memory free, less than ${sizeText(leastMemory)}`;
  // The context lies there once as it came and once unpacked.
  const needed = 2 * bytes + spareDisk;
  if (disk < needed) return `it has ${sizeText(disk)} of disk free, less than ${sizeText(needed)}`;
  return undefined;
}

function hasBuilt({ name }: Wanted, { built }: Room): boolean {
  return built.some((each) => repositoryOf(each) === repositoryOf(name));
}

function repositoryOf(name: string): string | undefined {
  return parseReference(name)?.repository;
}
