import type { ClientChannel } from 'ssh2';
import { type Command, type CommandResult, defaultTimeout, outputLimit } from './connection.ts';
import { programName } from './script.ts';
import { signalNumber } from './signals.ts';
import { whenAborted } from './when-aborted.ts';

/** Characters of a program's line that a message shows. */
const longestLine = 200;

/** A channel with a command on it. */
export interface Running {
  readonly channel: ClientChannel;
  /** The exit status; undefined when the channel closed without one: the connection was cut. */
  readonly ended: Promise<number | undefined>;
}

/**
 * Watches for the command's end. To be called in the very callback that hands out the channel: a short command's
 * start, exit status and close can arrive in one packet, and ssh2 does not keep events for late listeners.
 */
export function watchEnd(channel: ClientChannel): Running {
  const ended = new Promise<number | undefined>((resolve) => {
    let status: number | undefined;
    channel.on('exit', (code: number | null, signalName?: string) => {
      status = code ?? 128 + signalNumber(signalName ?? '');
    });
    channel.once('close', () => resolve(status));
    // A command may end before it has read its input; that is its right, and its status tells.
    channel.on('error', () => {});
  });
  return { channel, ended };
}

/**
 * Feeds the command its input, collects its output and waits for its end.
 *
 * @returns undefined when the connection was cut.
 * @throws when the timeout passed, `signal` fired or the output grew past the limit. The command itself ends at its
 * first write after that, and at the latest when its own time is up (`withTimeLimit`).
 */
export async function runToEnd(
  { channel, ended }: Running,
  command: Command,
  machine: string,
  signal?: AbortSignal,
): Promise<CommandResult | undefined> {
  const what = `${programName(command)} on ${machine}`;
  const seconds = command.timeout ?? defaultTimeout;
  const stop = new AbortController();
  const onTimeout = () => stop.abort(givenUp(what, seconds, output()));
  const onFlood = () => stop.abort(new Error(`${what} printed more than ${outputLimit} bytes.`));
  const output = collect(channel, onFlood);
  const timer = setTimeout(onTimeout, seconds * 1000);
  const limits = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  try {
    channel.end(command.stdin);
    const status = await Promise.race([ended, whenAborted(limits)]);
    return status === undefined ? undefined : { status, ...output() };
  } catch (error) {
    channel.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function givenUp(what: string, seconds: number, { stdout, stderr }: Output): Error {
  const last = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  const said = last ? `the last it said: ${last.slice(0, longestLine)}` : 'it had said nothing';
  const advice = 'see what keeps the machine busy or its disk full, then run it again';
  return new Error(`${what} was given up after ${seconds} s, ${said}; ${advice}`);
}

/**
 * The machine bounds the command as well, a little later than we do: sshd lets a command without a terminal live on
 * when its connection is gone, and a run that is started again must not meet it.
 */
export function withTimeLimit(command: Command): readonly string[] {
  const seconds = Math.ceil(command.timeout ?? defaultTimeout) + 5;
  return ['timeout', '-k', '5', String(seconds), ...command.argv];
}

type Output = Pick<CommandResult, 'stdout' | 'stderr'>;

function collect(channel: ClientChannel, onFlood: () => void): () => Output {
  let size = 0;
  const into = (chunks: Buffer[]) => (chunk: Buffer) => {
    size += chunk.length;
    if (size > outputLimit) onFlood();
    else chunks.push(chunk);
  };
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  channel.on('data', into(stdout));
  channel.stderr.on('data', into(stderr));
  return () => ({
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  });
}
