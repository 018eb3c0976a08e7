import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fileTimes, jestCounts } from '../counts.ts';
import ReportSoFar, { soFarVariable } from './report-so-far.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'so-far-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const slow = {
  testFilePath: '/clone/slow.test.ts',
  failureMessage: 'slow › b: it is silent',
  perfStats: { start: 0, end: 90_000 },
  testResults: [
    { status: 'passed', fullName: 'a', duration: 1, failureMessages: [] },
    { status: 'failed', fullName: 'b', duration: 2, failureMessages: ['it is silent'] },
  ],
};

test('what a killed run leaves is a report of what had ended', () => {
  const file = join(folder, 'report.json');
  process.env[soFarVariable] = file;
  const counts = { numPassedTests: 1, numFailedTests: 1, numRuntimeErrorTestSuites: 0 };
  new ReportSoFar().onTestResult(undefined, undefined, { ...counts, testResults: [slow] });
  const report = readFileSync(file, 'utf8');
  expect(jestCounts(report)).toMatchObject({
    passed: 1,
    failed: 1,
    failures: [{ name: 'b', message: 'it is silent' }],
  });
  expect(fileTimes(report)).toEqual([['slow', 90]]);
});
