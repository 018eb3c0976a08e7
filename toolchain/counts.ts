import * as z from 'zod';

/** Outcome of checks and tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Full names of the tests that did not run. */
  readonly skipped: readonly string[];
}

/** Nothing run yet. */
export const NOTHING: Counts = { passed: 0, failed: 0, skipped: [] };

const SKIPPED: ReadonlySet<string> = new Set(['pending', 'skipped', 'todo', 'disabled']);

/** The part of `jest --json` that counts. */
const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
  testResults: z.array(
    z.object({ assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })) }),
  ),
});

/**
 * Reads jest's JSON report. A test file that could not run at all counts as one failure, since jest does not know
 * how many tests it holds.
 *
 * @throws Error when it is no such report.
 */
export function jestCounts(json: string): Counts {
  const report = Report.parse(JSON.parse(json));
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: tests.filter(({ status }) => SKIPPED.has(status)).map(({ fullName }) => fullName),
  };
}

/** A check that has an exit code and nothing else. */
export function checkCounts(exitCode: number): Counts {
  return exitCode === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

/** Sum of two outcomes. */
export function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: [...a.skipped, ...b.skipped],
  };
}

/** The closing line, for people and for scripts. */
export function summary({ passed, failed }: Counts): string {
  return `${passed} passed, ${failed} failed`;
}
