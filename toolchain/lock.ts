import * as z from 'zod';

/** A file backend's lock on a stack: who made it, and when. */
export interface Lock {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** RFC 3339. */
  readonly timestamp: string;
}

/** What a lock's owner is. Of another host's processes nothing can be known here. */
export type Owner = 'alive' | 'dead' | 'elsewhere';

/** What is to be done before pulumi may work on the stack. */
export type Recovery =
  | { readonly step: 'none' }
  | { readonly step: 'refuse'; readonly reason: string }
  | { readonly step: 'unlock'; readonly reason: string };

/** What the judgement of a lock needs to know of this host. */
export interface Host {
  readonly hostname: string;
  /** Whether a process of that id runs now, and is pulumi: process ids are used again. */
  isPulumi(pid: number): boolean;
}

const LockFile = z.object({
  pid: z.int().positive(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

/** Parses a lock file as pulumi's file backend writes it; undefined when it is none. */
export function parseLock(text: string): Lock | undefined {
  try {
    return LockFile.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Tells whether the process that made a lock can still be at work. */
export function ownerOf(lock: Lock, host: Host): Owner {
  if (lock.hostname !== host.hostname) return 'elsewhere';
  return host.isPulumi(lock.pid) ? 'alive' : 'dead';
}

/**
 * Decides about a stack's locks. They are cleared only if every owner is known to be dead, because `pulumi cancel`
 * clears all of them.
 */
export function planRecovery(stack: string, locks: readonly Lock[], host: Host): Recovery {
  for (const lock of locks) {
    const owner = ownerOf(lock, host);
    if (owner !== 'dead') return { step: 'refuse', reason: REFUSALS[owner](stack, lock) };
  }
  const [first] = locks;
  if (first === undefined) return { step: 'none' };
  const reason = `its run of ${first.timestamp} (process ${first.pid}) was killed and left the stack locked`;
  return { step: 'unlock', reason };
}

const REFUSALS: Readonly<Record<Exclude<Owner, 'dead'>, (stack: string, lock: Lock) => string>> = {
  alive: (stack, lock) =>
    `Another pulumi works on stack ${stack}: process ${lock.pid} of ${lock.username}, since ${lock.timestamp}. ` +
    'Wait for its end, or interrupt it with Ctrl-C where it runs, then try again.',
  elsewhere: (stack, lock) =>
    `Stack ${stack} is locked by ${lock.username} on host ${lock.hostname}, process ${lock.pid}, ` +
    `since ${lock.timestamp}. If that process is gone for certain: npx pulumi cancel --yes --stack ${stack}`,
};
