import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Cluster } from './cluster.ts';
import type { KnownMachine } from './stack.ts';
import { within } from './within.ts';

/** Seconds for a program that prints what it knows, on an emulated machine that is busy, SSH included. */
const patience = 20;

/** What a program on the machine prints; undefined when it can't be run there, fails, or takes too long. */
export async function capture(
  cluster: Cluster,
  machine: KnownMachine,
  argv: readonly string[],
): Promise<string | undefined> {
  const stdout = new PassThrough();
  const stderr = new PassThrough().resume();
  const printed = text(stdout);
  const terminal = { stdin: Readable.from([]), stdout, stderr };
  const status = await within(patience, (signal) =>
    cluster.run(machine, { argv, root: false, signal }, terminal),
  ).catch(() => undefined);
  stdout.end();
  return status === 0 ? printed : undefined;
}
