import { Readable } from 'node:stream';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import type { KnownMachine } from './stack.ts';

/**
 * Runs one of systemd's tools as root, since a user without rights gets no journal lines. Its input is empty and it
 * has no pty, so that what it prints can be piped; colours are asked for in systemd's own way.
 */
export function runTool(
  { terminal: { stdout, stderr }, env }: Context,
  cluster: Cluster,
  machine: KnownMachine,
  argv: readonly string[],
): Promise<number> {
  const colours = stdout.isTTY === true && !env.NO_COLOR;
  const coloured = colours ? ['env', 'SYSTEMD_COLORS=1', 'SYSTEMD_URLIFY=0', ...argv] : argv;
  return cluster.run(machine, { argv: coloured, root: true }, { stdin: Readable.from([]), stdout, stderr });
}
