import { styleText } from 'node:util';
import { plainText } from '../model/plain-text.ts';
import type { Context } from './context.ts';
import { type JournalEntry, timeText } from './journal-entry.ts';
import type { KnownMachine } from './stack.ts';

const colours = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'red'] as const;

/** Prints entries of machines' journals, with the machines' names in columns and colours. */
export class LogPrinter {
  readonly #terminal: Context['terminal'];
  readonly #machines: readonly KnownMachine[];
  readonly #width: number;

  constructor({ terminal }: Pick<Context, 'terminal'>, machines: readonly KnownMachine[]) {
    this.#terminal = terminal;
    this.#machines = machines;
    this.#width = Math.max(...machines.map(({ name }) => name.length));
  }

  print({ time, unit, message }: JournalEntry, machine: KnownMachine): void {
    const { stdout } = this.#terminal;
    const colour = colours[this.#machines.indexOf(machine) % colours.length] ?? 'cyan';
    const text = `${machine.name.padEnd(this.#width)}  ${plainText(unit)}`;
    const label = styleText(colour, text, { stream: stdout });
    for (const line of plainText(message).split('\n')) stdout.write(`${timeText(time)}  ${label}  ${line}\n`);
  }
}
