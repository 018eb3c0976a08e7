import { bootIds } from '../../test/cluster/observe.ts';
import type { Config, Stack } from '../../test/cluster/stack.ts';
import type { Log, Report } from '../benchmark.ts';
import { atMost, exactly } from '../figures.ts';
import { changes, succeed } from '../runs.ts';

/** What the life of a cluster is made of on every platform. */

/** @returns seconds */
export async function apply(stack: Stack, next: Config, log: Log): Promise<number> {
  stack.configure(next);
  return (await succeed(stack, ['up', '--yes', '--skip-preview'], log)).seconds;
}

export async function unchanged(stack: Stack, report: Report, log: Log): Promise<void> {
  const { output, seconds } = await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  report('changes of an unchanged up', exactly(changes(output), 0, 'changes'));
  report('unchanged up', atMost(seconds, 6, 's'));
}

/** How many of these machines the stack has. */
export async function count(stack: Stack, names: readonly string[]): Promise<number> {
  const { machines } = await stack.outputs();
  return names.filter((name) => name in machines).length;
}

/** @param boots of the machines with these names, before */
export async function stayed(
  stack: Stack,
  names: readonly string[],
  boots: readonly string[],
  report: Report,
): Promise<void> {
  const same = (await bootIds(stack, names)).filter((id, index) => id === boots[index]);
  report('machines that stayed and were not restarted', exactly(same.length, names.length, 'machines'));
}
