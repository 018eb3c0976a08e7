import { join } from 'node:path';
import { parse } from 'yaml';
import { stackIn } from './arguments.ts';
import { readIfPresent } from './files.ts';
import { CLONE, preparePulumi } from './launcher.ts';
import { readOutput } from './process.ts';
import { shortName } from './short-name.ts';
import { planTurn, rollingGroups, type Turn } from './turn.ts';

/** Of the groups that this stack replaces one machine at a time; undefined when there are none. */
export async function turnOn(stack: string): Promise<Turn | undefined> {
  const groups = rollingGroups(configOf(stack));
  if (groups.length === 0) return undefined;
  return planTurn(groups, JSON.parse(await ask('stack', 'export', '--stack', stack)));
}

/** The same for the stack that a run of pulumi is about, by its arguments or by what is selected. */
export async function turnFor(args: readonly string[]): Promise<Turn | undefined> {
  return turnOn(stackIn(args) ?? (await ask('stack', '--show-name')).trim());
}

/** What can't be read, pulumi tells of when it runs. */
function configOf(stack: string): unknown {
  try {
    return parse(readIfPresent(join(CLONE, 'stacks', `Pulumi.${shortName(stack)}.yaml`)) ?? '');
  } catch {
    return undefined;
  }
}

function ask(...args: readonly string[]): Promise<string> {
  return readOutput(preparePulumi(args).command, { log: console.error });
}
