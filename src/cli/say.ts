import { styleText } from 'node:util';
import { plainText } from '../model/plain-text.ts';
import type { Context } from './context.ts';
import type { Style } from './table.ts';

/** A line on standard error for the one who waits or should look; what the command is asked for goes to standard output. */
export function say({ terminal }: Pick<Context, 'terminal'>, line: string): void {
  terminal.stderr.write(plainText(`flotilla: ${line}\n`));
}

/** A line of the command's answer. What machines said must not reach the terminal as it is. */
export function print({ terminal }: Pick<Context, 'terminal'>, line: string): void {
  terminal.stdout.write(plainText(`${line}\n`));
}

/** `--json`: one value, for scripts. */
export function printJson({ terminal }: Pick<Context, 'terminal'>, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Paints a table's cells. styleText leaves colours out where the stream is no terminal, and honours NO_COLOR. */
export function painter({ terminal }: Pick<Context, 'terminal'>): (text: string, style: Style) => string {
  return (text, style) => styleText(style, text, { stream: terminal.stdout });
}
