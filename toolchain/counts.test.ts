import { expect, test } from '@jest/globals';
import { add, checkCounts, jestCounts, NOTHING, summary } from './counts.ts';

const REPORT = {
  numPassedTests: 2,
  numFailedTests: 1,
  numRuntimeErrorTestSuites: 1,
  testResults: [
    {
      assertionResults: [
        { status: 'passed', fullName: 'a' },
        { status: 'passed', fullName: 'b' },
        { status: 'failed', fullName: 'c' },
        { status: 'pending', fullName: 'd' },
        { status: 'todo', fullName: 'e' },
      ],
    },
    { assertionResults: [] },
  ],
};

test('a test file that could not run is a failure; tests that did not run are named', () => {
  expect(jestCounts(JSON.stringify(REPORT))).toEqual({ passed: 2, failed: 2, skipped: ['d', 'e'] });
});

test.each(['', '{}', 'null'])('%j is no report', (text) => {
  expect(() => jestCounts(text)).toThrow();
});

test('checks count as one', () => {
  expect(add(checkCounts(0), checkCounts(2))).toEqual({ passed: 1, failed: 1, skipped: [] });
  expect(add(NOTHING, NOTHING)).toEqual(NOTHING);
});

test('the closing line', () => {
  expect(summary({ passed: 12, failed: 3, skipped: [] })).toBe('12 passed, 3 failed');
});
