import type { Command } from './connection.ts';

/**
 * A POSIX shell script as a command. Values reach it as `$1`, `$2`, … or on standard input and are never pasted
 * into the text. `name` becomes `$0`: it shows in `ps` and in messages, and a fake machine answers by it.
 */
export function script(
  name: string,
  body: string,
  args: readonly string[] = [],
  options: Omit<Command, 'argv'> = {},
): Command {
  return { ...options, argv: ['sh', '-c', body, name, ...args] };
}

/** What the program is called: the script's name, or else the first word. */
export function programName(command: Command): string {
  const [program = '', flag, , name] = command.argv;
  return program === 'sh' && flag === '-c' && name !== undefined ? name : program;
}

/** What a program gets to see as its arguments: `$1`, `$2`, … of a script, or else all words but the first. */
export function programArguments(command: Command): readonly string[] {
  return command.argv.slice(programName(command) === command.argv[0] ? 1 : 4);
}
