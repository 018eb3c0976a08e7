import { setTimeout as sleep } from 'node:timers/promises';
import { killEngine, until } from '../test/cluster/observe.ts';
import type { Run } from '../test/cluster/run.ts';
import type { Stack } from '../test/cluster/stack.ts';

/** What benchmarks do to a stack and with the time. */

export async function succeed(
  stack: Stack,
  args: readonly string[],
  log: (line: string) => void,
): Promise<Run> {
  const run = await stack.pulumi(args, { log });
  if (run.status !== 0) throw new Error(`pulumi ${args.join(' ')} ended with ${run.status}:\n${run.output}`);
  return run;
}

/** Destroys the stack, and what it left of itself. */
export async function takeDown(stack: Stack, log: (line: string) => void): Promise<void> {
  await stack.pulumi(['destroy', '--yes', '--skip-preview'], { log });
  stack.remove();
}

/** Seconds since a moment of `performance.now()`. */
export function since(start: number): number {
  return (performance.now() - start) / 1000;
}

/** What Pulumi's summary counts beside "unchanged". */
export function changes(output: string): number {
  const counts = output.matchAll(/^ {4}[+~-]+ (\d+) to /gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

export async function answered(url: string, seconds: number) {
  await until(seconds, async () => (await fetch(url).catch(() => undefined))?.ok ?? false, 250);
}

/** Seconds after which to kill runs that take `whole` seconds: so many moments between two fractions of it. */
export function killPoints(whole: number, count: number, [first, last] = [0, 1]): number[] {
  const step = ((last - first) * whole) / (count + 1);
  return Array.from({ length: count }, (_, at) => first * whole + step * (at + 1));
}

/** True when the run was killed, false when it ended before that. */
export async function killedUp(stack: Stack, seconds: number): Promise<boolean> {
  let killed = false;
  let timer: NodeJS.Timeout | undefined;
  await stack.up({
    onStart: (pid) => {
      timer = setTimeout(() => {
        killed = killEngine(pid);
      }, seconds * 1000);
    },
  });
  clearTimeout(timer);
  return killed;
}

/** As `until`, but seldom: each look takes its time of the processors that the machines run on. */
export async function eventually(seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error(`still not so after ${seconds} s: ${condition}`);
    await sleep(5000);
  }
}
