import type { Command } from './connection.ts';
import { script } from './script.ts';

/**
 * The last line of what a script is sent. A run that is killed, cancelled or cut off closes the script's input early,
 * and to the script that looks like an input that ends there: none at all, or half of one.
 */
export const inputEnd = 'flotilla-end';

/** A shell function, to be called when all else was read: it fails unless what was sent arrived whole. */
export const arrivedFunction = `
arrived() {
  IFS= read -r end || :
  [ "$end" = ${inputEnd} ] || { echo 'what was sent did not arrive whole, so nothing was done' >&2; return 1; }
}
`;

/** A process would cost an emulated machine some 30 ms, so the shell reads by itself. */
const takeRequest = `
request=
while IFS= read -r line && [ "$line" != ${inputEnd} ]; do request="$request$line
"; done
[ "$line" = ${inputEnd} ] || { echo 'what was sent did not arrive whole, so nothing was done' >&2; exit 1; }
`;

/**
 * A script that is sent lines on standard input: it has them in `$request`, and does nothing unless all of them arrived.
 *
 * @param request whole lines
 */
export function requestScript(
  name: string,
  body: string,
  args: readonly string[],
  request: string,
  options: Omit<Command, 'argv' | 'stdin'> = {},
): Command {
  return script(name, `${takeRequest}${body}`, args, { ...options, stdin: `${request}${inputEnd}\n` });
}

/** For fakes: the lines that such a script has. */
export function requestOf(stdin: string): string {
  if (!stdin.endsWith(`${inputEnd}\n`)) throw new Error('what was sent did not arrive whole');
  return stdin.slice(0, -inputEnd.length - 1);
}
