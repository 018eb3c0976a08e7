import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Cluster } from './cluster.ts';
import type { KnownMachine } from './stack.ts';

/** What a program on the machine prints; undefined when it can't be run there or fails. */
export async function capture(
  cluster: Cluster,
  machine: KnownMachine,
  argv: readonly string[],
): Promise<string | undefined> {
  const stdout = new PassThrough();
  const stderr = new PassThrough().resume();
  const printed = text(stdout);
  const terminal = { stdin: Readable.from([]), stdout, stderr };
  const status = await cluster.run(machine, { argv, root: false }, terminal).catch(() => undefined);
  stdout.end();
  return status === 0 ? printed : undefined;
}
