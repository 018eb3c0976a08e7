import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { heartbeat } from '../model/remind.ts';
import type { Log } from './log.ts';

export interface LockOptions {
  readonly log: Log;
  readonly purpose: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for the lock; default 45 min, longer than a build of an image may take. */
  readonly deadline?: number;
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
 *
 * @throws Error when it can't be had, or another process keeps it too long
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const progress = heartbeat(
    options.log,
    () => `${options.purpose}: another process is at it (fuser -v ${file})`,
  );
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
  const { purpose, signal, deadline = 45 * 60_000 } = options;
  const late = AbortSignal.timeout(deadline);
  const given = signal ? AbortSignal.any([signal, late]) : late;
  for (;;) {
    signal?.throwIfAborted();
    const holder = spawn('sh', ['-c', holderScript, 'flotilla-lock', file], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Out of the terminal's process group: Ctrl-C must not give the lock away while `work` still winds down.
      detached: true,
    });
    let said = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    // The whole group: the shell waits for a flock(1) that would hold on to our pipes.
    const kill = () => holder.pid && process.kill(-holder.pid, 'SIGKILL');
    given.addEventListener('abort', kill);
    const status = await Promise.race([once(holder.stdout, 'data').then(() => 'locked'), ended(holder)]);
    given.removeEventListener('abort', kill);
    if (status === 'locked') return () => holder.stdin.end();
    signal?.throwIfAborted();
    if (late.aborted)
      throw new Error(
        `${purpose}: another process has held ${file} for ${deadline / 60_000} min; see which: fuser -v ${file}`,
      );
    if (status !== lost)
      throw new Error(
        `${purpose}: can't lock ${file}: ${said.trim()}; see that this user may write in ${dirname(file)}`,
      );
  }
}

/** Once its outputs are read to their end. */
async function ended(holder: ChildProcess): Promise<unknown> {
  const [status] = await once(holder, 'close');
  return status;
}
