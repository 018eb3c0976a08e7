import { messageOf } from '../model/message-of.ts';
import { reminding } from '../model/remind.ts';
import type { Connection } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { digitsOf } from './blob-file.ts';
import { Docker } from './docker.ts';
import type { Candidate, Found } from './plan.ts';

/** A machine that an image may be pushed to. */
export interface PushMachine {
  readonly name: string;
  /** On the cluster's network. */
  readonly address: string;
  connect(): Promise<Connection>;
  /** Others only in tests. */
  readonly places?: Places;
}

/** Where things are on a machine. */
export interface Places {
  /** Docker's socket. */
  readonly docker: string;
  /** The seed's blobs. */
  readonly cache: string;
}

const defaultPlaces: Places = { docker: '/run/docker.sock', cache: '/var/cache/flotilla/images' };

const listCache = `find "$1" -maxdepth 1 -type f -printf '%f %s\\n' 2>/dev/null || true`;

/**
 * Asks all machines what they have. Nothing is changed, and one that gives no answer is told with the reason. `log` hears
 * of those that take long.
 */
export function look(
  machines: readonly PushMachine[],
  signal?: AbortSignal,
  log?: (line: string) => void,
): Promise<readonly Candidate[]> {
  return Promise.all(
    machines.map(async (machine): Promise<Candidate> => {
      try {
        const looking = lookAt(await machine.connect(), placesOf(machine), signal);
        const found = await reminding(log, () => `${machine.name} to say which images it has`, looking);
        return { name: machine.name, found };
      } catch (error) {
        signal?.throwIfAborted();
        return { name: machine.name, found: messageOf(error) };
      }
    }),
  );
}

export function placesOf({ places }: PushMachine): Places {
  return places ?? defaultPlaces;
}

async function lookAt(connection: Connection, places: Places, signal?: AbortSignal): Promise<Found> {
  const docker = new Docker(connection, places.docker);
  const [{ architecture, version }, images, { stdout }] = await Promise.all([
    docker.version(signal),
    docker.images(signal),
    connection.exec(script('list-image-cache', listCache, [places.cache]), signal),
  ]);
  const known = images.map(async ({ id, names }) => ({
    id,
    names,
    diffIds: await docker.layers(id, signal),
  }));
  return { architecture, version, images: await Promise.all(known), cached: parseCache(stdout) };
}

/** Lines of `<name> <bytes>`; other files are none of ours. */
function parseCache(text: string): ReadonlyMap<string, number> {
  const cached = new Map<string, number>();
  for (const [, file = '', bytes] of text.matchAll(/^(\S+) (\d+)$/gm)) {
    const digest = `sha256:${digitsOf(file)}`;
    if (digitsOf(file) !== undefined) cached.set(digest, Math.max(cached.get(digest) ?? 0, Number(bytes)));
  }
  return cached;
}
