import { expect, test } from '@jest/globals';
import { add, checkCounts, failureLines, fileTimes, jestCounts, NOTHING, summary } from './counts.ts';

const tests = (...list: [status: string, fullName: string, seconds?: number, message?: string][]) =>
  list.map(([status, fullName, seconds, message]) => ({
    status,
    fullName,
    duration: seconds === undefined ? null : seconds * 1000,
    failureMessages: message === undefined ? [] : [message],
  }));

const lasting = (seconds: number) => ({ startTime: 5000, endTime: 5000 + seconds * 1000 });

const REPORT = {
  numPassedTests: 3,
  numFailedTests: 1,
  numRuntimeErrorTestSuites: 2,
  testResults: [
    {
      name: '/clone/a.test.ts',
      ...lasting(371),
      status: 'failed',
      message: 'all that failed in it',
      assertionResults: tests(
        ['passed', 'a', 1],
        ['passed', 'b', 70],
        [
          'failed',
          'c',
          300,
          '\u001b[31mit ended with 1\u001b[39m\n    at run (node:internal/run:1:1)\n    at test (a.test.ts:3:1)',
        ],
        ['pending', 'd'],
        ['todo', 'e'],
      ),
    },
    {
      name: '/clone/b.test.ts',
      ...lasting(0),
      status: 'failed',
      message: 'no such module',
      assertionResults: [],
    },
    {
      name: '/clone/c.real.test.ts',
      ...lasting(1000),
      status: 'failed',
      message: 'afterAll: the machines are still there',
      assertionResults: tests(['passed', 'f', 1]),
    },
    { name: '/clone/d.test.ts', ...lasting(1), status: 'passed', message: '', assertionResults: [] },
  ],
};

test('a test file that could not run is a failure; tests that did not run are named', () => {
  expect(jestCounts(JSON.stringify(REPORT))).toMatchObject({
    passed: 3,
    failed: 3,
    skipped: ['d', 'e'],
  });
});

test('what failed is told with its message, without colours and the way through Node.js', () => {
  expect(jestCounts(JSON.stringify(REPORT)).failures).toEqual([
    { name: 'c', message: 'it ended with 1\n    at test (a.test.ts:3:1)' },
    { name: '/clone/b.test.ts', message: 'no such module' },
    { name: '/clone/c.real.test.ts', message: 'afterAll: the machines are still there' },
  ]);
});

test('the slowest tests of all parts are told, longest first', () => {
  const counts = jestCounts(JSON.stringify(REPORT));
  expect(add(counts, { ...NOTHING, slowest: [['other', 100]] }).slowest).toEqual([
    ['c', 300],
    ['other', 100],
    ['b', 70],
  ]);
});

test('slow files are told, longest first', () => {
  expect(fileTimes(JSON.stringify(REPORT))).toEqual([
    ['c', 1000],
    ['a', 371],
  ]);
});

test.each(['', '{}', 'null'])('%j is no report', (text) => {
  expect(() => jestCounts(text)).toThrow();
});

test('checks count as one', () => {
  const failures = [{ name: 'style', message: 'exit code 2; it said why above' }];
  expect(add(checkCounts('types', 0), checkCounts('style', 2))).toEqual({
    ...NOTHING,
    passed: 1,
    failed: 1,
    failures,
  });
  expect(add(NOTHING, NOTHING)).toEqual(NOTHING);
});

test('each failure has a line with what was wrong', () => {
  const pulumi =
    'Error: it ended with 1\n  units:\n    error: update failed\n    error: worker-1 is silent\n';
  const failures = [
    { name: 'up', message: pulumi },
    {
      name: 'again',
      message: 'Error: it ended\n    error: 1 error occurred:\n    \t* web is dead:\n  bye\n',
    },
    {
      name: 'list',
      message:
        'Error: expect(received).toEqual(expected)\n\n- Expected  - 1\n+ Received  + 2\n\n- Array []\n+ Array [\n+   "502",\n+ ]\n    at a.test.ts:3\n',
    },
    {
      name: 'number',
      message: 'Error: expect(received)\n\nExpected: < 10\nReceived:   16\n    at a.test.ts:3\n',
    },
    { name: 'style', message: 'exit code 2; it said why above' },
    { name: 'none', message: '' },
  ];
  expect(failureLines({ ...NOTHING, failures })).toEqual([
    'failed: up: error: worker-1 is silent',
    'failed: again: * web is dead:',
    'failed: list: Error: expect(received).toEqual(expected) + Array [ +   "502", + ]',
    'failed: number: Error: expect(received) Received:   16',
    'failed: style: exit code 2; it said why above',
    'failed: none: ',
  ]);
});

test('the closing line', () => {
  expect(summary({ ...NOTHING, passed: 12, failed: 3 })).toBe('12 passed, 3 failed');
});
