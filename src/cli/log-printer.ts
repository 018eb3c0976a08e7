import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { styleText } from 'node:util';
import { plainText } from '../model/plain-text.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { entryFormat, type JournalEntry, parseEntry, timeText } from './journal-entry.ts';
import { lineSink } from './line-sink.ts';
import type { KnownMachine } from './stack.ts';

/** What a machine is asked to print, and what ends it before its time. */
export interface Reading {
  readonly machine: KnownMachine;
  readonly argv: readonly string[];
  readonly signal?: AbortSignal;
}

/** journalctl for some units, with more of its options. */
export function journalctl(units: readonly string[], options: readonly string[]): readonly string[] {
  const named = units.flatMap((unit) => ['--unit', unit]);
  return ['journalctl', '--no-pager', '--quiet', ...options, ...entryFormat, ...named];
}

const colours = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'red'] as const;

/** Reads machines' journals, and prints them with the machines' names in columns and colours. */
export class LogPrinter {
  readonly #context: Context;
  readonly #machines: readonly KnownMachine[];
  readonly #width: number;

  constructor(context: Context, machines: readonly KnownMachine[]) {
    this.#context = context;
    this.#machines = machines;
    this.#width = Math.max(...machines.map(({ name }) => name.length));
  }

  /** Hands over each entry; returns the program's exit status. */
  async read(
    cluster: Cluster,
    { machine, argv, signal }: Reading,
    onEntry: (entry: JournalEntry) => void,
  ): Promise<number> {
    const sink = lineSink((line) => {
      const entry = parseEntry(line);
      if (entry !== undefined) onEntry(entry);
    });
    const terminal = { stdin: Readable.from([]), stdout: sink, stderr: this.#context.terminal.stderr };
    const status = await cluster.run(machine, { argv, root: true, ...(signal && { signal }) }, terminal);
    await finished(sink.end());
    return status;
  }

  print({ time, unit, message }: JournalEntry, machine: KnownMachine): void {
    const { stdout } = this.#context.terminal;
    const colour = colours[this.#machines.indexOf(machine) % colours.length] ?? 'cyan';
    const text = `${machine.name.padEnd(this.#width)}  ${plainText(unit)}`;
    const label = styleText(colour, text, { stream: stdout });
    for (const line of plainText(message).split('\n')) stdout.write(`${timeText(time)}  ${label}  ${line}\n`);
  }
}
