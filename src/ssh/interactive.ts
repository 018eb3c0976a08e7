import type { Readable, Writable } from 'node:stream';
import type { PseudoTtyOptions } from 'ssh2';
import { reminding } from '../model/remind.ts';
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
  const { channel, ended } = await reminding(log, what, opening);
  const resize = () => channel.setWindow(terminal.stdout.rows ?? 24, terminal.stdout.columns ?? 80, 0, 0);
  terminal.stdout.on('resize', resize);
  terminal.stdin.setRawMode?.(true);
  try {
    channel.pipe(terminal.stdout, { end: false });
    channel.stderr.pipe(terminal.stderr, { end: false });
    terminal.stdin.pipe(channel);
    const status = await (signal ? Promise.race([ended, whenAborted(signal)]) : ended);
    if (status === undefined) throw connection.lost('during the session');
    return status;
  } catch (error) {
    // Without a pty it is the only way to end a program: sshd closes its pipes.
    channel.close();
    throw error;
  } finally {
    terminal.stdin.setRawMode?.(false);
    terminal.stdout.off('resize', resize);
    terminal.stdin.unpipe(channel);
    terminal.stdin.pause();
  }
}

function ptyFor({ stdin, stdout }: Terminal): PseudoTtyOptions | false {
  if (stdin.isTTY !== true) return false;
  return { rows: stdout.rows ?? 24, cols: stdout.columns ?? 80, term: process.env.TERM ?? 'vt100' };
}
