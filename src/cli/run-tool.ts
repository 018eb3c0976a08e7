import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { remind } from '../model/remind.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { say } from './say.ts';
import type { KnownMachine } from './stack.ts';

export interface Tool {
  readonly machine: KnownMachine;
  readonly argv: readonly string[];
  /** What it does, for who waits: `restart db.service`. Left out where silence is no news, as with `--follow`. */
  readonly purpose?: string | undefined;
}

/**
 * Runs one of systemd's tools as root, since a user without rights gets no journal lines. Its input is empty and it
 * has no pty, so that what it prints can be piped; colours are asked for in systemd's own way. Until it prints
 * something, a reminder says what is waited for.
 */
export async function runTool(
  context: Context,
  cluster: Cluster,
  { machine, argv, purpose }: Tool,
): Promise<number> {
  const { stdout, stderr } = context.terminal;
  const colours = stdout.isTTY === true && !context.env.NO_COLOR;
  const coloured = colours ? ['env', 'SYSTEMD_COLORS=1', 'SYSTEMD_URLIFY=0', ...argv] : argv;
  const printed = new PassThrough();
  const log = purpose === undefined ? undefined : (line: string) => say(context, line);
  const stopReminding = remind(log, () => `${machine.name} to ${purpose}`);
  printed.once('data', stopReminding).pipe(stdout, { end: false });
  try {
    const terminal = { stdin: Readable.from([]), stdout: printed, stderr };
    return await cluster.run(machine, { argv: coloured, root: true }, terminal);
  } finally {
    stopReminding();
    await finished(printed.end());
  }
}
