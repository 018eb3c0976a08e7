import fc from 'fast-check';
import { Violation } from './finding.ts';
import { perform } from './perform.ts';
import { type Plan, plans } from './plan.ts';
import { comesToRest } from './rest.ts';
import { withVirtualGlobals } from './virtual-globals.ts';
import { World } from './world.ts';

export interface Outcome {
  /** What happened, line by line, with the virtual second. The same plan gives the same lines. */
  readonly trace: readonly string[];
  readonly violation?: Violation;
}

/** Runs a plan to its end, or to the first violation. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const world = new World(plan.machines, plan.noise);
  try {
    await withVirtualGlobals(world, () => live(world, plan));
    return { trace: world.trace };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { trace: world.trace, violation: error };
  } finally {
    world.close();
  }
}

async function live(world: World, { steps, warmUp }: Plan): Promise<void> {
  for (const host of world.hosts) host.boot();
  await world.pass(warmUp);
  for (const { action, wait } of steps) {
    await perform(world, action);
    await world.pass(wait);
  }
  world.note('END of all faults');
  world.mend();
  await comesToRest(world);
}

export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  /** The smallest plan that was found to fail. */
  readonly plan: Plan;
  readonly trace: readonly string[];
}

/** One seed is one plan. When that fails, fast-check looks for the smallest that does. */
export async function trySeed(seed: number): Promise<Failure | Pick<Outcome, 'trace'>> {
  let last: Outcome = { trace: [] };
  const property = fc.asyncProperty(plans, async (plan) => {
    last = await simulate(plan);
    if (last.violation) throw last.violation;
  });
  const { counterexample } = await fc.check(property, { seed, numRuns: 1 });
  const [plan] = counterexample ?? [];
  if (!plan) return last;
  const { violation, trace } = await simulate(plan);
  if (!violation) throw new Error(`seed ${seed} fails only now and then: the simulator is not deterministic`);
  return { seed, violation, plan, trace };
}

/** The report of a failed seed, as it is printed. */
export function formatFailure({ seed, violation, plan, trace }: Failure): string {
  return [
    `seed ${seed} breaks ${violation.invariant}: ${violation.message}`,
    `the shortest way there, of ${plan.machines.length} machines and ${plan.steps.length} steps:`,
    ...trace.map((line) => `  ${line}`),
    `again: npm run simulate -- --seed ${seed}`,
  ].join('\n');
}
