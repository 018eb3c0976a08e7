import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConsole, untilPanic } from './console.ts';
import type { Log } from './log.ts';
import { heartbeat } from './log.ts';
import { readMachine } from './machine-state.ts';
import { machinePaths } from './paths.ts';

/** Milliseconds a single connection may take to say who it is: an emulated guest under load is slow. */
const attemptDeadline = 5000;
const pause = 250;
/** Lines of the console shown with a failure. */
const tailLines = 20;

export interface WaitOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; default 300 000 */
  readonly deadline?: number;
}

/**
 * Waits until the machine's sshd greets with `SSH-`. A mere connection means nothing: QEMU accepts for the guest
 * before the guest listens.
 *
 * @throws Error with the console's last lines when the deadline passes, QEMU ends or the guest's kernel panics
 */
export async function waitForSsh(name: string, folder: string, options: WaitOptions): Promise<void> {
  const end = Date.now() + (options.deadline ?? 300_000);
  let last = '';
  const progress = heartbeat(
    options.log,
    () => `${name}: waiting for SSH; console: ${last || 'nothing yet'}`,
  );
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const machine = await readMachine(folder);
      const lines = await readConsole(machinePaths(folder).console);
      last = lines.at(-1) ?? '';
      const panic = untilPanic(lines);
      const failure = failureOf({
        running: machine?.running === true,
        panicked: panic !== undefined,
        overdue: Date.now() > end,
      });
      if (failure)
        throw new Error(`${name}: ${failure}; console:\n${(panic ?? lines).slice(-tailLines).join('\n')}`);
      if (machine && (await greets(machine.sshPort))) return;
      await sleep(pause, undefined, { signal: options.signal });
    }
  } finally {
    progress.stop();
  }
}

function failureOf(now: { running: boolean; panicked: boolean; overdue: boolean }): string | undefined {
  if (!now.running) return 'QEMU has ended';
  if (now.panicked) return "the guest's kernel died";
  return now.overdue ? 'no SSH before the deadline' : undefined;
}

/** Whether what listens on the port of 127.0.0.1 is an SSH server (RFC 4253 section 4.2). */
async function greets(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, signal: AbortSignal.timeout(attemptDeadline) });
  try {
    for await (const chunk of socket) return String(chunk).startsWith('SSH-');
    return false;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
