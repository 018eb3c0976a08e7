import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Log } from './log.ts';
import { heartbeat } from './log.ts';

/**
 * Does `work` while no other process holds the lock on `file`. The lock is the kernel's (flock(2)), held by a
 * child that ends when its standard input does: however this process dies, the lock dies with it, so there are
 * no stale locks to recognise.
 */
export async function withLock<T>(
  file: string,
  options: { log: Log; purpose: string; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: options.signal,
    // Out of the terminal's process group: Ctrl-C must not give the lock away while `work` still winds down.
    detached: true,
  });
  const progress = heartbeat(
    options.log,
    () => `${options.purpose}: waiting for another process that does the same`,
  );
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => {
        throw new Error(`${options.purpose}: can't lock ${file}`);
      }),
    ]);
  } finally {
    progress.stop();
  }
  try {
    return await work();
  } finally {
    holder.removeAllListeners('error').on('error', () => {});
    holder.stdin.end();
  }
}
