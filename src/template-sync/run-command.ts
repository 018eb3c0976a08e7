import { spawn } from 'node:child_process';
import { types } from 'node:util';
import type { CommandEnd } from './host.ts';

/** Bytes of a command's output that are kept, the last ones. */
const outputLimit = 64 * 1024;

/** Milliseconds in which the output of a command that ended is still read. */
const lastWords = 250;

/** Runs a shell command, and ends it after `timeout` seconds with all that it started. */
export function runCommand(command: string, timeout: number): Promise<CommandEnd> {
  // A process group of its own, so that all of it can be ended.
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const timers: NodeJS.Timeout[] = [];
  let output = '';
  let late = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-outputLimit);
    });
  }
  const end = () => {
    late = true;
    if (child.pid !== undefined) endGroup(child.pid);
  };
  timers.push(setTimeout(end, timeout * 1000));
  return new Promise<CommandEnd>((resolve, reject) => {
    const finish = () => resolve({ status: late ? undefined : (child.exitCode ?? 128), output });
    child.on('error', reject);
    child.on('close', finish);
    // What it left running in the background may hold its output open for ever.
    child.on('exit', () => timers.push(setTimeout(finish, lastWords)));
  }).finally(() => {
    for (const timer of timers) clearTimeout(timer);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  });
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!types.isNativeError(error) || !('code' in error) || error.code !== 'ESRCH') throw error;
  }
}
