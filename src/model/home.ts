import { join, resolve } from 'node:path';
import { isPackage, ownFolder } from './own-files.ts';
import { InvalidInput } from './problem.ts';
import { clusterName } from './resource-name.ts';

/** Environment variables as `process.env` gives them. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Folder for all that this clone's clusters keep on this computer; a relative FLOTILLA_HOME counts from the clone. Of an
 * installed package it is the project's folder that counts.
 */
export function flotillaHome(clone: string, environment: Environment): string {
  return resolve(clone, environment.FLOTILLA_HOME || '.flotilla');
}

/**
 * The folder for everything that a stack keeps on this computer beside Pulumi's state: `stacks/<stack>` in the clone's
 * home, and for one of several clusters of a stack `stacks/<stack>/<cluster>`. Nothing is left in it after destroy, so
 * it must be the stack's alone: Pulumi takes `..` and the like for stack names.
 *
 * @param stack `dev`, or `dev/blue` for a cluster of it
 * @throws InvalidInput when the name can't be a folder's.
 */
export function stackFolder(stack: string, environment: Environment = process.env): string {
  const names = stack.split('/');
  if (names.length > 2 || !names.every((name) => clusterName.test(name)))
    throw new InvalidInput('This stack cannot be used:', [
      {
        path: 'its name',
        problem: `${JSON.stringify(stack)} cannot have a folder of its own`,
        fix: 'use letters, digits, dots, dashes and underscores, beginning with a letter or digit',
      },
    ]);
  return join(flotillaHome(clone, environment), 'stacks', ...names);
}

/**
 * A package lies in node_modules, which `npm ci` clears: machines would lose their disks. Pulumi runs program and plugin
 * in the folder of the project.
 */
const clone = isPackage ? process.cwd() : ownFolder;
