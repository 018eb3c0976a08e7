import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import { heartbeat } from '../model/remind.ts';
import type { Log } from './log.ts';

/** Lines of a failed command's output that go into its error message. */
const tailLines = 15;

/** What a command needs besides its arguments. */
export interface CommandOptions {
  readonly log: Log;
  /** What the progress line says is going on. */
  readonly purpose: string;
  /** Milliseconds until it is ended: one that hangs is not waited for for ever. */
  readonly deadline: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Lines of its output that tell nothing to who reads why it failed. */
  readonly noise?: RegExp;
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
 * gets `killSignal` when its time is up or `signal` is aborted, and also when this process dies (setpriv(1), `--pdeathsig`), so
 * that a killed build doesn't go on behind the next one's back.
 *
 * @throws Error with the last lines of the command's output
 */
export async function run(command: readonly string[], options: CommandOptions): Promise<string> {
  const { log, purpose, deadline, killSignal = 'SIGTERM' } = options;
  const late = AbortSignal.timeout(deadline);
  const child = spawn('setpriv', ['--pdeathsig', killSignal.replace('SIG', ''), '--', ...command], {
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal ? AbortSignal.any([options.signal, late]) : late,
    killSignal,
  });
  const output = collect(child, options.noise);
  const progress = heartbeat(log, () => `${purpose}: ${output.last(1)}`);
  try {
    await toEnd(child);
    return output.stdout();
  } catch (cause) {
    const overdue = late.aborted && !options.signal?.aborted;
    const why = overdue ? `was not done within ${deadline / 1000} s` : `failed: ${messageOf(cause)}`;
    throw new Error(`${purpose}: ${command[0]} ${why}\n${output.last(tailLines)}`, { cause });
  } finally {
    progress.stop();
  }
}

/** @throws when it ends with anything but 0, is ended, or can't be started */
function toEnd(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`ended with ${signal ?? code}`)),
    );
  });
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
  const output = collect(child);
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  child.once('close', (code, signal) => {
    failure ??= new Error(`ended with ${signal ?? code}`);
  });
  child.unref();
  const end = Date.now() + deadline;
  const progress = heartbeat(log, () => `${purpose}: ${output.last(1)}`);
  try {
    while (!(await alive())) {
      if (Date.now() > end) failure ??= new Error(`was not up within ${deadline / 1000} s`);
      if (failure)
        throw new Error(`${purpose}: ${failure.message}\n${output.last(tailLines)}`, { cause: failure });
      await sleep(100, undefined, { signal });
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    progress.stop();
  }
}

/** What the program says on the outputs that are piped, as it comes. */
function collect(child: ChildProcess, noise?: RegExp): { stdout(): string; last(lines: number): string } {
  const said = { stdout: '', all: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    said.all += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.all += text;
  });
  return {
    stdout: () => said.stdout,
    last(lines) {
      const worth = said.all
        .trimEnd()
        .split('\n')
        .filter((line) => !noise?.test(line));
      return worth.slice(-lines).join('\n');
    },
  };
}
