import type { Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { ConnectionLostError } from './errors.ts';
import { quote } from './quote.ts';
import { type Running, watchEnd } from './run-to-end.ts';
import type { Ssh2Connection } from './ssh2.ts';
import { whenAborted } from './when-aborted.ts';

/** A process's own streams, or ones that stand in for them in tests. */
export interface Terminal {
  readonly stdin: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: Writable;
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
  signal?: AbortSignal,
): Promise<number> {
  signal?.throwIfAborted();
  const { channel, ended } = await open(connection, argv, terminal);
  const resize = () => channel.setWindow(terminal.stdout.rows ?? 24, terminal.stdout.columns ?? 80, 0, 0);
  terminal.stdout.on('resize', resize);
  terminal.stdin.setRawMode?.(true);
  try {
    channel.pipe(terminal.stdout, { end: false });
    channel.stderr.pipe(terminal.stderr, { end: false });
    terminal.stdin.pipe(channel);
    const status = await (signal ? Promise.race([ended, whenAborted(signal)]) : ended);
    if (status === undefined)
      throw new ConnectionLostError(`Lost the connection to ${connection.target.name}.`);
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

function open(
  connection: Ssh2Connection,
  argv: readonly string[] | undefined,
  { stdin, stdout }: Terminal,
): Promise<Running> {
  const window = { rows: stdout.rows ?? 24, cols: stdout.columns ?? 80, term: process.env.TERM ?? 'vt100' };
  const pty = stdin.isTTY === true ? window : false;
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: ClientChannel) =>
      error ? reject(error) : resolve(watchEnd(channel));
    if (argv === undefined) connection.client.shell(pty, opened);
    else connection.client.exec(quote(argv), { pty }, opened);
  });
}
