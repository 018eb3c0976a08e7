import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { reminding } from '../src/model/remind.ts';
import type { Environment } from './environment.ts';

const CAUGHT: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A command to run: its path, arguments and whole environment. */
export interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Environment;
}

/**
 * Runs a command on our own stdin, stdout and stderr and waits for its end, whatever signals come meanwhile.
 *
 * @param abort ends the command with SIGTERM
 * @returns its exit code; 128 + n when signal n ended it, as shells have it.
 */
export async function runInForeground(command: Command, abort?: AbortSignal): Promise<number> {
  const relay = new SignalRelay();
  try {
    const child = spawn(command.path, command.args, { stdio: 'inherit', env: command.environment });
    relay.to(child);
    abort?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    return await exitCode(child, command);
  } finally {
    relay.stop();
  }
}

export interface ReadOptions {
  /** Gets a line every 10 s that says what is waited for. */
  readonly log: (line: string) => void;
  /** Seconds; another default only in tests. */
  readonly deadline?: number;
}

/** Seconds for a command that is asked something: a backend may be far away. */
const answerDeadline = 120;

const seeBackend = "Next step: see whether Pulumi's backend can be reached (npx pulumi whoami --verbose)";

/**
 * Runs a command and returns what it printed on stdout; stderr goes to ours.
 *
 * @throws Error when it ends with another exit code than 0, or not in time.
 */
export async function readOutput(
  command: Command,
  { log, deadline = answerDeadline }: ReadOptions,
): Promise<string> {
  const name = `${basename(command.path)} ${command.args.join(' ')}`;
  const child = spawn(command.path, command.args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: command.environment,
  });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    // Who is only asked something leaves nothing half done.
    late = child.kill('SIGKILL');
  }, deadline * 1000);
  const ended = exitCode(child, command).finally(() => clearTimeout(timer));
  const code = await reminding(log, () => `${name} (${deadline} s at most)`, ended);
  if (late) throw new Error(`${name} gave no answer within ${deadline} s. ${seeBackend}`);
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}. Next step: see what it said above`);
  return Buffer.concat(chunks).toString('utf8');
}

function exitCode(child: ChildProcess, { path }: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error(`${path} can't be started: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/**
 * Passes signals on to a child. It listens before the child exists, or a signal in between would end us and leave
 * the child behind.
 *
 * A second interrupt makes pulumi leave at once, with operations half done, so it must get each one once. A terminal
 * sends Ctrl-C to every process in the foreground, pulumi included, and npm sends us one more: there we only keep
 * from dying. Without a terminal nobody but us tells the child.
 */
class SignalRelay {
  private child: ChildProcess | undefined;
  private readonly early: NodeJS.Signals[] = [];
  private readonly passed: ReadonlySet<NodeJS.Signals>;

  constructor() {
    this.passed = new Set(hasTerminal() ? ['SIGTERM', 'SIGHUP'] : CAUGHT);
    for (const signal of CAUGHT) process.on(signal, this.receive);
  }

  /** Names the child; what has come already goes to it now. */
  to(child: ChildProcess): void {
    this.child = child;
    for (const signal of this.early.splice(0)) child.kill(signal);
  }

  stop(): void {
    for (const signal of CAUGHT) process.off(signal, this.receive);
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    if (!this.passed.has(signal)) return;
    if (this.child === undefined) this.early.push(signal);
    else this.child.kill(signal);
  };
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
