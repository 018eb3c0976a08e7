import { join, resolve } from 'node:path';
import { InvalidInput } from './problem.ts';

/** Environment variables as `process.env` gives them. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Folder for all that this clone's clusters keep on this computer; a relative FLOTILLA_HOME counts from the clone. */
export function flotillaHome(clone: string, environment: Environment): string {
  return resolve(clone, environment.FLOTILLA_HOME || '.flotilla');
}

/**
 * The folder for everything that a stack keeps on this computer beside Pulumi's state: `stacks/<stack>` in the clone's
 * home. Nothing is left in it after destroy, so it must be the stack's alone: Pulumi takes `..` and the like for stack
 * names.
 *
 * @throws InvalidInput when the name can't be a folder's.
 */
export function stackFolder(stack: string, environment: Environment = process.env): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(stack))
    throw new InvalidInput('This stack cannot be used:', [
      {
        path: 'its name',
        problem: `${JSON.stringify(stack)} cannot have a folder of its own`,
        fix: 'use letters, digits, dots, dashes and underscores, beginning with a letter or digit',
      },
    ]);
  return join(flotillaHome(clone, environment), 'stacks', stack);
}

const clone = join(import.meta.dirname, '..', '..');
