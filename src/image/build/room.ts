import type { Connection } from '../../ssh/connection.ts';
import { script } from '../../ssh/script.ts';
import { type PushMachine, placesOf } from '../look.ts';
import type { Candidate } from '../plan.ts';
import { DockerBuild } from './docker-build.ts';

/** What a machine has to build with. */
export interface Room {
  /** Bytes that programs can still get: MemAvailable (proc_meminfo(5)). */
  readonly memory: number;
  /** Bytes free where Docker keeps images. */
  readonly disk: number;
  /** Names of images that were built there. */
  readonly built: readonly string[];
}

export interface BuildCandidate extends Candidate {
  /** A text says why the machine can't build. */
  readonly room: Room | string;
}

const lookForRoom = 'grep MemAvailable: /proc/meminfo; df -Pk /var/lib/docker 2>/dev/null || df -Pk /';

/** Asks machines that gave an answer before (`look`) for what they have to build with. */
export function lookForRooms(
  machines: readonly PushMachine[],
  candidates: readonly Candidate[],
  signal: AbortSignal,
): Promise<readonly BuildCandidate[]> {
  return Promise.all(
    candidates.map(async (candidate): Promise<BuildCandidate> => {
      const machine = machines.find(({ name }) => name === candidate.name);
      if (typeof candidate.found === 'string' || machine === undefined)
        return { ...candidate, room: String(candidate.found) };
      return { ...candidate, room: await roomOf(await machine.connect(), placesOf(machine).docker, signal) };
    }),
  );
}

async function roomOf(connection: Connection, socket: string, signal: AbortSignal): Promise<Room | string> {
  const [{ stdout }, built] = await Promise.all([
    connection.exec(script('look-for-room', lookForRoom), signal),
    new DockerBuild(connection, socket).built(signal),
  ]);
  return parseRoom(stdout, built);
}

/** A line of /proc/meminfo and what `df -Pk` prints, which has the free blocks as its fourth word. */
export function parseRoom(text: string, built: readonly string[]): Room | string {
  const [, memory] = /^MemAvailable:\s+(\d+) kB$/m.exec(text) ?? [];
  const [, disk] = /^\S+\s+\d+\s+\d+\s+(\d+)\s+\d+%/m.exec(text) ?? [];
  if (memory === undefined || disk === undefined)
    return 'it does not say how much memory and disk it has left';
  return { memory: Number(memory) * 1024, disk: Number(disk) * 1024, built };
}
