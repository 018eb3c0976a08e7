import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { entryFormat, type JournalEntry, parseEntry } from './journal-entry.ts';
import { lineSink } from './line-sink.ts';
import type { KnownMachine } from './stack.ts';

/** What a machine is asked to print, and what ends it before its time. */
export interface JournalQuery {
  readonly machine: KnownMachine;
  readonly argv: readonly string[];
  readonly signal?: AbortSignal;
}

/** journalctl for some units, with more of its options. */
export function journalctl(units: readonly string[], options: readonly string[]): readonly string[] {
  const named = units.flatMap((unit) => ['--unit', unit]);
  return ['journalctl', '--no-pager', '--quiet', ...options, ...entryFormat, ...named];
}

/** Hands over each entry of a machine's journal; returns the program's exit status. */
export async function readJournal(
  { terminal: { stderr } }: Pick<Context, 'terminal'>,
  cluster: Cluster,
  { machine, argv, signal }: JournalQuery,
  onEntry: (entry: JournalEntry) => void,
): Promise<number> {
  const sink = lineSink((line) => {
    const entry = parseEntry(line);
    if (entry !== undefined) onEntry(entry);
  });
  const terminal = { stdin: Readable.from([]), stdout: sink, stderr };
  const status = await cluster.run(machine, { argv, root: true, ...(signal && { signal }) }, terminal);
  await finished(sink.end());
  return status;
}
