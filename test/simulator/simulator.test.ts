import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { graceSeconds } from '../../src/agent/engine/grace.ts';
import { type Plan, plans, unitFile } from './plan.ts';
import { formatFailure, simulate, trySeed } from './simulate.ts';

/** The share that runs with every check; `npm test` and `npm run simulate` run more. */
const share = 100;

/** Milliseconds: they compute for three seconds, and longer where they have to share the processor. */
const limit = 60_000;

test(
  `the first ${share} seeds break nothing`,
  async () => {
    for (let seed = 1; seed <= share; seed++) {
      const tried = await trySeed(seed);
      if ('violation' in tried) throw new Error(formatFailure(tried));
    }
  },
  limit,
);

test('a plan has one course only', async () => {
  for (const plan of fc.sample(plans, { seed: 1, numRuns: 10 })) {
    const { trace } = await simulate(plan);
    expect((await simulate(plan)).trace).toEqual(trace);
  }
});

const two: Plan = {
  machines: [{}, {}],
  warmUp: 40,
  noise: 1,
  steps: [
    {
      action: {
        kind: 'apply',
        units: ['a.service', 'b.service'].map((name) => ({
          name,
          contents: unitFile('ExecStart=/bin/sleep inf'),
          targetState: 'launched',
        })),
      },
      wait: 10,
    },
    { action: { kind: 'cut', machine: 1, seconds: 60, silent: true, unplugged: true }, wait: 60 },
  ],
};

test('a failure is told by invariant, with the way there and the command that repeats it', async () => {
  const { trace, violation } = await withoutGrace(() => simulate(two));
  expect(violation?.invariant).toBe('blindnessIsNotDeath');
  if (!violation) return;
  const report = formatFailure({ seed: 7, violation, plan: two, trace });
  expect(report).toContain('seed 7 breaks blindnessIsNotDeath');
  expect(report).toContain('STEP cut {"machine":"core-2","seconds":60,"silent":true,"unplugged":true}');
  expect(report).toContain('npm run simulate -- --seed 7');
});

test('the same course with grace breaks nothing', async () => {
  expect((await simulate(two)).violation).toBeUndefined();
});

/** An engine that takes every missing machine for dead, as fleet's did. */
async function withoutGrace<T>(body: () => Promise<T>): Promise<T> {
  const before = { ...graceSeconds };
  for (const rule of Object.keys(graceSeconds)) Reflect.set(graceSeconds, rule, 0);
  try {
    return await body();
  } finally {
    Object.assign(graceSeconds, before);
  }
}
