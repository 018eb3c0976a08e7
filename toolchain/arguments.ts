import { parseArgs } from 'node:util';

/** What `npm run up` or `npm run down` was asked. */
export interface Request {
  /** Stack name, if given by `--stack NAME` or `-s NAME`. */
  readonly stack?: string;
  /** All other arguments, for pulumi as they are. */
  readonly rest: readonly string[];
}

/**
 * Takes the stack's name out of the arguments. The others are pulumi's business, so none is refused here.
 *
 * @throws Error when `--stack` comes without a name.
 */
export function parseRequest(args: readonly string[]): Request {
  const { stack, rest } = takeStack(args);
  return { ...(stack !== undefined && { stack }), rest };
}

/** The stack that pulumi's arguments name, if they name one. */
export function stackIn(args: readonly string[]): string | undefined {
  return takeStack(args).stack;
}

function takeStack(args: readonly string[]): { stack: string | undefined; rest: readonly string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options: { stack: { type: 'string', short: 's' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const taken = new Set<number>();
  let stack: string | undefined;
  for (const token of tokens) {
    if (token.kind !== 'option' || token.name !== 'stack') continue;
    if (!token.value || token.value.startsWith('-')) {
      throw new Error('--stack needs the name of a stack, such as: --stack local');
    }
    stack = token.value;
    taken.add(token.index);
    if (!token.inlineValue) taken.add(token.index + 1);
  }
  return { stack, rest: args.filter((_, index) => !taken.has(index)) };
}

/** Where nobody can be asked, pulumi must not ask. */
export function confirmation(terminal: boolean): readonly string[] {
  return terminal ? [] : ['--yes', '--non-interactive'];
}
