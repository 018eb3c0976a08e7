import { writeFileSync } from 'node:fs';

/** What jest knows of a test file that has ended: the part of its `TestResult` that a report has. */
interface FileResult {
  readonly testFilePath: string;
  readonly failureMessage?: string | null;
  readonly perfStats: { readonly start: number; readonly end: number };
  readonly testResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly duration?: number | null;
    readonly failureMessages: readonly string[];
  }[];
}

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly FileResult[];
}

/** Where the report goes; without it there is none. */
export const soFarVariable = 'FLOTILLA_TESTS_SO_FAR';

/**
 * After each test file what `jest --json` writes after the last one: a run that is killed, since it took longer than it
 * may, still tells which files failed, and where the time went.
 */
export default class ReportSoFar {
  onTestResult(_test: unknown, _result: unknown, results: Results): void {
    const file = process.env[soFarVariable];
    if (file === undefined) return;
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    const testResults = results.testResults.map(reportOf);
    const report = { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults };
    writeFileSync(file, JSON.stringify(report));
  }
}

function reportOf({ testFilePath, failureMessage, perfStats, testResults }: FileResult) {
  const message = failureMessage ?? '';
  return {
    name: testFilePath,
    status: message === '' ? 'passed' : 'failed',
    message,
    startTime: perfStats.start,
    endTime: perfStats.end,
    assertionResults: testResults,
  };
}
