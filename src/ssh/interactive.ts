import type { Readable, Writable } from 'node:stream';
import type { PseudoTtyOptions } from 'ssh2';
import { reminding } from '../model/remind.ts';
import type { Running } from './run-to-end.ts';
import type { Ssh2Connection } from './ssh2.ts';
import { whenAborted } from './when-aborted.ts';

/** A process's own streams, or ones that stand in for them in tests. */
export interface Terminal {
  readonly stdin: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: Writable;
}

export interface SessionOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gets a line every 10 s until the session is open. */
  readonly log?: (line: string) => void;
}

/**
 * A login shell, or one command, joined to the user's terminal until it ends. There is a pty when standard input is
 * a terminal, so keys and window size pass through; without one, input and output stay plain bytes.
 *
 * @returns the exit status, 128 + signal number when a signal ended it.
 * @throws the reason of `signal` when that ended it.
 */
export async function interactive(
  connection: Ssh2Connection,
  argv: readonly string[] | undefined,
  terminal: Terminal,
  { signal, log }: SessionOptions = {},
): Promise<number> {
  signal?.throwIfAborted();
  const opening = connection.openSession(argv, ptyFor(terminal), signal);
  const what = () => `${connection.target.name} to open a session`;
  const session = await reminding(log, what, opening);
  const status = await join(session, terminal, signal);
  if (status === undefined) throw connection.lost('during the session');
  return status;
}

/** Until the session ends; undefined when it was cut. The terminal is then as it was before. */
async function join(
  { channel, ended }: Running,
  { stdin, stdout, stderr }: Terminal,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const resize = () => channel.setWindow(stdout.rows ?? 24, stdout.columns ?? 80, 0, 0);
  stdout.on('resize', resize);
  stdin.setRawMode?.(true);
  try {
    channel.pipe(stdout, { end: false });
    channel.stderr.pipe(stderr, { end: false });
    stdin.pipe(channel);
    return await (signal ? Promise.race([ended, whenAborted(signal)]) : ended);
  } catch (error) {
    // Without a pty it is the only way to end a program: sshd closes its pipes.
    channel.close();
    throw error;
  } finally {
    stdin.setRawMode?.(false);
    stdout.off('resize', resize);
    stdin.unpipe(channel);
    stdin.pause();
  }
}

function ptyFor({ stdin, stdout }: Terminal): PseudoTtyOptions | false {
  if (stdin.isTTY !== true) return false;
  return { rows: stdout.rows ?? 24, cols: stdout.columns ?? 80, term: process.env.TERM ?? 'vt100' };
}
