import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Log } from './log.ts';
import { heartbeat } from './log.ts';

export interface LockOptions {
  readonly log: Log;
  readonly purpose: string;
  readonly signal?: AbortSignal | undefined;
}

/** Ends with `lost` when the file was removed while it waited: another process may have locked its successor. */
const lost = 3;
const holderScript = `
exec 9> "$1" || exit
flock --exclusive 9 || exit
[ "$(stat --dereference --format=%d:%i "$1" 2> /dev/null)" = "$(stat --dereference --format=%d:%i /proc/self/fd/9)" ] || exit ${lost}
echo locked
exec cat
`;

/**
 * Does `work` while no other process holds the lock on `file`. The lock is the kernel's (flock(2)), held by a
 * child that ends when its standard input does: however this process dies, the lock dies with it, so there are
 * no stale locks to recognise.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const progress = heartbeat(options.log, () => `${options.purpose}: waiting for whoever is making it`);
  let release: () => void;
  try {
    release = await acquire(file, options);
  } finally {
    progress.stop();
  }
  try {
    return await work();
  } finally {
    release();
  }
}

async function acquire(file: string, options: LockOptions): Promise<() => void> {
  for (;;) {
    options.signal?.throwIfAborted();
    const holder = spawn('sh', ['-c', holderScript, 'flotilla-lock', file], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Out of the terminal's process group: Ctrl-C must not give the lock away while `work` still winds down.
      detached: true,
    });
    // The whole group: the shell waits for a flock(1) that would hold on to our pipes.
    const kill = () => holder.pid && process.kill(-holder.pid, 'SIGKILL');
    options.signal?.addEventListener('abort', kill);
    const status = await Promise.race([once(holder.stdout, 'data').then(() => 'locked'), ended(holder)]);
    options.signal?.removeEventListener('abort', kill);
    if (status === 'locked') return () => holder.stdin.end();
    options.signal?.throwIfAborted();
    if (status !== lost) throw new Error(`${options.purpose}: can't lock ${file}`);
  }
}

async function ended(holder: ChildProcess): Promise<unknown> {
  const [status] = await once(holder, 'exit');
  return status;
}
