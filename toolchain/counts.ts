import { basename } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as z from 'zod';

/** A test that failed, or a test file that could not run. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Outcome of checks and tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Full names of the tests that did not run. */
  readonly skipped: readonly string[];
  readonly failures: readonly Failure[];
  /** Those that took longest, with their seconds, longest first. */
  readonly slowest: Times;
}

/** Seconds by name. */
type Times = readonly (readonly [name: string, seconds: number])[];

/** How many tests are worth naming for their time. */
const SLOWEST = 10;

/** Below this many seconds a test's time is nobody's concern. */
const SLOW = 10;

/** Below this many seconds a test file's time is nobody's concern. */
const SLOW_FILE = 60;

/** How much of a failure's message its line has. */
const GIST_LENGTH = 400;

/** Lines in which jest tells what a test got: a value, or the part of a list or an object that should not be there. */
const SEEN = /^(Received[^:]*: |\+ (?!Received))/;

/** Nothing run yet. */
export const NOTHING: Counts = { passed: 0, failed: 0, skipped: [], failures: [], slowest: [] };

const SKIPPED: ReadonlySet<string> = new Set(['pending', 'skipped', 'todo', 'disabled']);

/** The part of `jest --json` that counts. */
const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          duration: z.number().nullish(),
          failureMessages: z.array(z.string()),
        }),
      ),
    }),
  ),
});

type FileReport = z.output<typeof Report>['testResults'][number];

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
    failures: report.testResults.flatMap(failuresOf),
    slowest: longest(tests.map(({ fullName, duration }) => [fullName, (duration ?? 0) / 1000])),
  };
}

/** Of the files of a report the slow ones, by name, longest first. */
export function fileTimes(json: string): Times {
  const { testResults } = Report.parse(JSON.parse(json));
  const times = testResults.map(({ name, startTime, endTime }) => {
    return [basename(name).replace(/(\.real)?\.test\.ts$/, ''), (endTime - startTime) / 1000] as const;
  });
  return times.filter(([, seconds]) => seconds >= SLOW_FILE).sort(([, a], [, b]) => b - a);
}

/** A file that failed without a test that did could not be read, or cleaned up: it says why as a whole. */
function failuresOf({ name, status, message, assertionResults }: FileReport): readonly Failure[] {
  const failed = assertionResults.filter((each) => each.status === 'failed');
  if (status === 'failed' && failed.length === 0) return [{ name, message: plain(message) }];
  return failed.map(({ fullName, failureMessages }) => ({
    name: fullName,
    message: plain(failureMessages.join('\n')),
  }));
}

function longest(times: Times): Times {
  const slow = times.filter(([, seconds]) => seconds >= SLOW);
  return slow.sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
}

/** Without colours, and without the way through the test's own tools. */
function plain(message: string): string {
  const lines = stripVTControlCharacters(message).split('\n');
  return lines.filter((line) => !/^\s+at .*(node_modules|node:)/.test(line)).join('\n');
}

/** A check that has an exit code and what it printed, and nothing else. */
export function checkCounts(name: string, exitCode: number): Counts {
  if (exitCode === 0) return { ...NOTHING, passed: 1 };
  return { ...NOTHING, failed: 1, failures: [{ name, message: `exit code ${exitCode}; it said why above` }] };
}

/** Sum of two outcomes. */
export function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: [...a.skipped, ...b.skipped],
    failures: [...a.failures, ...b.failures],
    slowest: longest([...a.slowest, ...b.slowest]),
  };
}

/**
 * A line for each failure, for the end: who sees only that still knows all that failed. Of a message it has the first
 * line that names an error, as Pulumi does below its resources, or the first of several that Pulumi lists, or else its
 * first one, with what was seen instead of what was expected.
 */
export function failureLines({ failures }: Counts): readonly string[] {
  return failures.map(({ name, message }) => {
    const lines = message.split('\n').map((line) => line.trim());
    const gist =
      lines.find((line) => /^(error: (?!update failed|\d+ errors? occurred)|\* )/.test(line)) ??
      [...lines.slice(0, 1), ...lines.slice(1).filter((line) => SEEN.test(line))].join(' ');
    return `failed: ${name}: ${gist.slice(0, GIST_LENGTH)}`;
  });
}

/** The closing line, for people and for scripts. */
export function summary({ passed, failed }: Counts): string {
  return `${passed} passed, ${failed} failed`;
}
