import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a process that should end is looked at, in milliseconds. */
const pollInterval = 25;
/** Milliseconds a process that was killed may take to free its memory and close its files. */
const exitDeadline = 2000;

/**
 * True while `pid` is a living process that was started with `-pidfile <pidFile>`, as our QEMUs and switches are.
 * Pids are reused and pid files go stale, so no signal is sent without this.
 */
export async function isOurs(pid: number, pidFile: string): Promise<boolean> {
  // A zombie's command line is empty, so it counts as gone.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(`-pidfile\0${pidFile}\0`);
}

/** PF_EXITING of include/linux/sched.h. */
const exitingFlag = 0x4;

/**
 * True for a process on its way out. It has no command line any more, so it is nobody's, but its files close later:
 * until then it holds its ports and the lock on its disk. Of a zombie only threads can still hold them.
 */
export function isExiting(stat: string): boolean {
  // proc(5): the second field, the name in brackets, may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, flags, threads] = [fields[0], Number(fields[6]), Number(fields[17])];
  return (flags & exitingFlag) !== 0 && (state !== 'Z' || threads > 1);
}

/** True while the process lives or has not let go of its files. */
async function isHolding(pid: number, pidFile: string): Promise<boolean> {
  return (
    (await isOurs(pid, pidFile)) || isExiting(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
  );
}

/**
 * The process that owns the pid file: the one it names or, where the file is missing or stale (a start cut off
 * half way), the one found in /proc.
 *
 * @param pidFile absolute
 */
export async function findProcess(pidFile: string): Promise<number | undefined> {
  const noted = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (noted > 0) {
    if (await isOurs(noted, pidFile)) return noted;
    await waitForExit(noted, pidFile, exitDeadline);
  }
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const ours = await Promise.all(pids.map((pid) => isOurs(pid, pidFile)));
  return pids.find((_, index) => ours[index]);
}

/** Waits for the process to be gone; false when it is still there after `deadline` milliseconds. */
export async function waitForExit(pid: number, pidFile: string, deadline: number): Promise<boolean> {
  const end = Date.now() + deadline;
  while (await isHolding(pid, pidFile)) {
    if (Date.now() >= end) return false;
    await sleep(pollInterval);
  }
  return true;
}

/** Sends the signal if the process is still ours. SIGKILL also ends a process that was stopped (SIGSTOP). */
export async function signalProcess(pid: number, pidFile: string, signal: NodeJS.Signals): Promise<void> {
  if (!(await isOurs(pid, pidFile))) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
