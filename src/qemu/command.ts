import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import type { Log } from './log.ts';
import { heartbeat } from './log.ts';

/** Lines of a failed command's output that go into its error message. */
const tailLines = 15;

/** What a command needs besides its arguments. */
export interface CommandOptions {
  readonly log: Log;
  /** What the progress line says is going on. */
  readonly purpose: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** How it is ended early. Default SIGTERM; unshare(1) with `--fork` heeds only SIGKILL. */
  readonly killSignal?: 'SIGTERM' | 'SIGKILL';
}

/** What a program needs that goes on running. */
export interface AttachOptions {
  readonly log: Log;
  /** What the progress line says is going on. */
  readonly purpose: string;
  readonly alive: () => Promise<boolean>;
  /** Milliseconds */
  readonly deadline: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a long command to its end; says every 10 s that it is still at it, with its last line. The command
 * gets `killSignal` when `signal` is aborted, and also when this process dies (setpriv(1), `--pdeathsig`), so
 * that a killed build doesn't go on behind the next one's back.
 *
 * @throws Error with the last lines of the command's output
 */
export async function run(command: readonly string[], options: CommandOptions): Promise<string> {
  const killSignal = options.killSignal ?? 'SIGTERM';
  const child = spawn('setpriv', ['--pdeathsig', killSignal.replace('SIG', ''), '--', ...command], {
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal,
  });
  const output = { stdout: '', all: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
    output.all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.all += text;
  });
  const progress = heartbeat(options.log, () => `${options.purpose}: ${lastLines(output.all, 1)}`);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        code === 0 ? resolve() : reject(new Error(`ended with ${signal ?? code}`)),
      );
    });
    return output.stdout;
  } catch (cause) {
    const name = command[0];
    throw new Error(
      `${options.purpose}: ${name} failed: ${messageOf(cause)}\n${lastLines(output.all, tailLines)}`,
      { cause },
    );
  } finally {
    progress.stop();
  }
}

/**
 * Starts a program that ends with this process, also when that is killed, and waits until it is up, which it says
 * every 10 s. A program that is not up in time, or is cancelled before, is ended.
 *
 * @throws Error with the program's last lines when it ends or takes too long
 */
export async function attach(command: readonly string[], options: AttachOptions): Promise<void> {
  const { log, purpose, alive, signal, deadline } = options;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    env: options.env ?? process.env,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Out of the terminal's process group: Ctrl-C is for this process, which ends it in its own way.
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  child.once('close', (code, signal) => {
    failure ??= new Error(`ended with ${signal ?? code}`);
  });
  child.unref();
  const end = Date.now() + deadline;
  const progress = heartbeat(log, () => `${purpose}: ${lastLines(said, 1)}`);
  try {
    while (!(await alive())) {
      if (Date.now() > end) failure ??= new Error(`was not up within ${deadline / 1000} s`);
      if (failure)
        throw new Error(`${purpose}: ${failure.message}\n${lastLines(said, tailLines)}`, { cause: failure });
      await sleep(100, undefined, { signal });
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    progress.stop();
  }
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
