import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const clone = join(import.meta.dirname, '..', '..');

/**
 * The folder for everything that a stack keeps on this computer beside Pulumi's state: `stacks/<stack>` in the
 * clone's `.flotilla`, or in $FLOTILLA_HOME, which is relative to the clone. Nothing is left in it after destroy,
 * so it must be the stack's alone: Pulumi takes `..` and the like for stack names.
 *
 * @throws Error when the name can't be a folder's.
 */
export function stackFolder(stack: string, env: NodeJS.ProcessEnv = process.env): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(stack))
    throw new Error(
      `a stack called ${JSON.stringify(stack)} can't have a folder of its own: use a name of letters, digits, dots, dashes and underscores that begins with a letter or digit`,
    );
  return join(resolve(clone, env.FLOTILLA_HOME || '.flotilla'), 'stacks', stack);
}

/**
 * Where this user's stacks share what was made once: `$XDG_CACHE_HOME/flotilla/<kind>`, by default under ~/.cache
 * (XDG Base Directory Specification).
 */
export function cacheFolder(kind: 'images' | 'templates', env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'flotilla', kind);
}
