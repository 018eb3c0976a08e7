import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { heartbeat } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import { readConsole, untilPanic } from './console.ts';
import type { Log } from './log.ts';
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
  const { deadline = 300_000 } = options;
  const end = Date.now() + deadline;
  const { console, pid } = machinePaths(folder);
  let last = '';
  const progress = heartbeat(
    options.log,
    () => `${name}: waiting for SSH; console: ${last || 'nothing yet'}`,
  );
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const machine = await readMachine(folder);
      const lines = await readConsole(console);
      last = lines.at(-1) ?? '';
      const panic = untilPanic(lines);
      const failure = failureOf({
        running: machine?.running === true,
        panicked: panic !== undefined,
        late: Date.now() > end && deadline / 1000,
        pid,
      });
      if (failure) {
        const tail = (panic ?? lines).slice(-tailLines).join('\n');
        throw new Error(`${name}: ${failure.what}; the end of ${console}:\n${tail}\n${failure.step}`);
      }
      if (machine && (await greets(machine.sshPort))) return;
      await sleep(pause, undefined, { signal: options.signal });
    }
  } finally {
    progress.stop();
  }
}

interface Now {
  readonly running: boolean;
  readonly panicked: boolean;
  /** The seconds that it has had, once they are over. */
  readonly late: number | false;
  readonly pid: string;
}

function failureOf({ running, panicked, late, pid }: Now): { what: string; step: string } | undefined {
  const again = `${upCommand()} starts it again`;
  if (!running) return { what: 'QEMU has ended', step: again };
  // QEMU stays, and whoever came next would find the same end.
  if (panicked)
    return { what: "the guest's kernel died", step: `end its QEMU (pid in ${pid}), then ${again}` };
  return late === false ? undefined : { what: `no SSH within ${late} s`, step: `${upCommand()} waits again` };
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
