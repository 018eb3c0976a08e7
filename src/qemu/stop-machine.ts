import { rm } from 'node:fs/promises';
import { messageOf } from '../model/message-of.ts';
import type { Log } from './log.ts';
import { machinePaths } from './paths.ts';
import { findProcess, signalProcess, waitForExit } from './process.ts';
import { qmp } from './qmp.ts';

/** Milliseconds: QEMU to take notice of `quit`, then to die of SIGKILL; together well below 10 s. */
const quitDeadline = 2000;
const killDeadline = 5000;

/**
 * Ends the machine and removes its folder, in 10 s at most even when QEMU hangs or is stopped. Does nothing
 * when there is no such machine.
 *
 * @throws Error when the process outlives SIGKILL; then its folder stays
 */
export async function stopMachine(folder: string, log: Log): Promise<void> {
  await endMachine(folder, log);
  await rm(folder, { recursive: true, force: true });
}

/** The same, but leaves the folder. QEMU writes what the disk still lacks before it ends. */
export async function endMachine(folder: string, log: Log): Promise<void> {
  const pid = await findProcess(machinePaths(folder).pid);
  if (pid === undefined || (await endProcess(folder, pid, log))) return;
  throw new Error(`QEMU (pid ${pid}) outlived SIGKILL, so ${folder} is kept: see /proc/${pid}/stack`);
}

async function endProcess(folder: string, pid: number, log: Log): Promise<boolean> {
  const paths = machinePaths(folder);
  try {
    await qmp(paths.qmp, { execute: 'quit' }, quitDeadline);
    if (await waitForExit(pid, paths.pid, quitDeadline)) return true;
  } catch (error) {
    log(`${messageOf(error)}; killing it`);
  }
  await signalProcess(pid, paths.pid, 'SIGKILL');
  return waitForExit(pid, paths.pid, killDeadline);
}
