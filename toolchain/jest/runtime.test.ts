import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';

/** Jest as `npm run check` runs it, on test files that do what they should not. */
const files = {
  'state.ts': `export const state: string[] = [];`,
  'first.test.ts': `import { expect, test } from '@jest/globals';
    import { state } from './state.ts';
    test('leaves something behind', () => {
      expect(state).toEqual([]);
      expect(process.env.LEFT).toBeUndefined();
      expect(process.cwd()).toBe(import.meta.dirname);
      state.push('left');
      process.env.LEFT = 'left';
      delete process.env.PATH;
      process.chdir('/');
      process.exitCode = 7;
      globalThis.console = { ...console, log: () => { throw new Error('this console is no more'); } };
    });`,
  'realm.test.ts': `import { readFileSync } from 'node:fs';
    import { expect, jest, test } from '@jest/globals';
    test('an error of Node is an Error', () => {
      expect(() => readFileSync('/none')).toThrow(Error);
      expect(Buffer.from('a')).toBeInstanceOf(Uint8Array);
    });
    test('clocks and spies are put back by the next file', () => {
      jest.useFakeTimers();
      jest.spyOn(Math, 'random').mockReturnValue(2);
      expect(Math.random()).toBe(2);
    });`,
  'wrong.test.ts': `import { afterEach, describe, expect, jest, test } from '@jest/globals';
    jest.setTimeout(200);
    describe('what is noticed', () => {
      test('an assertion', () => expect(1).toBe(2));
      test('an error', () => { throw new Error('thrown'); });
      test('a test that never ends', () => new Promise(() => {}));
      test('an error that nobody catches', async () => {
        setTimeout(() => { throw new Error('uncaught'); });
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
      test('a rejection that nobody handles', async () => {
        Promise.reject(new Error('unhandled'));
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
      test.each([1])('row %d', (row) => expect(row).toBe(0));
    });
    describe('a hook', () => {
      afterEach(() => { throw new Error('after'); });
      test('that fails', () => {});
    });`,
  'unloadable.test.ts': `import './missing.ts';`,
};

/** The same again: it has to find nothing of the one before. */
const again = { 'second.test.ts': files['first.test.ts'], 'third.test.ts': files['first.test.ts'] };

const real = `import { expect, test } from '@jest/globals';
  test('has the real clock and chance', async () => {
    expect(Math.random()).toBeLessThan(1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  });`;

const Report = z.object({
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

let folder: string;
let status: number | null;
let report: z.output<typeof Report>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-jest-'));
  const config = {
    rootDir: folder,
    runtime: join(import.meta.dirname, 'runtime.ts'),
    testEnvironment: join(import.meta.dirname, 'environment.ts'),
    transform: {},
  };
  const all = { ...files, ...again, 'a-real.test.ts': real, 'z-real.test.ts': real };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'jest.config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const output = join(folder, 'report.json');
  const jest = join(import.meta.dirname, '..', '..', 'node_modules', 'jest', 'bin', 'jest.js');
  const args = ['--disable-warning=ExperimentalWarning', jest, '--config', join(folder, 'jest.config.json')];
  const run = spawnSync(process.execPath, [...args, '--runInBand', '--json', `--outputFile=${output}`], {
    cwd: folder,
    encoding: 'utf8',
    // Jest tells its workers whether what they say goes to a terminal.
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  status = run.status;
  report = Report.parse(JSON.parse(readFileSync(output, 'utf8')));
});

afterAll(() => rmSync(folder, { recursive: true }));

function resultsOf(file: string): Record<string, string> {
  const result = report.testResults.find(({ name }) => name === join(folder, file));
  const entries = result?.assertionResults.map((each) => [each.fullName, each.status]) ?? [];
  return Object.fromEntries(entries);
}

test.each(['first.test.ts', 'second.test.ts', 'third.test.ts'])(
  '%s has modules, environment, folder and console of its own',
  (file) => expect(resultsOf(file)).toEqual({ 'leaves something behind': 'passed' }),
);

test('tests run in the realm of the process, and what they replace there is put back', () => {
  expect(Object.values(resultsOf('realm.test.ts'))).toEqual(['passed', 'passed']);
  for (const file of ['a-real.test.ts', 'z-real.test.ts'])
    expect(Object.values(resultsOf(file))).toEqual(['passed']);
});

test('whatever goes wrong fails the test in which it does', () => {
  expect(status).toBe(1);
  expect(resultsOf('wrong.test.ts')).toEqual({
    'what is noticed an assertion': 'failed',
    'what is noticed an error': 'failed',
    'what is noticed a test that never ends': 'failed',
    'what is noticed an error that nobody catches': 'failed',
    'what is noticed a rejection that nobody handles': 'failed',
    'what is noticed row 1': 'failed',
    'a hook that fails': 'failed',
  });
  const wrong = report.testResults.find(({ name }) => name.endsWith('wrong.test.ts'));
  expect(wrong?.message).toContain("test('an assertion', () => expect(1).toBe(2))");
});

test('a file that can’t be loaded counts as failed', () => {
  expect(report.numRuntimeErrorTestSuites).toBe(1);
  expect(report.testResults.find(({ name }) => name.endsWith('unloadable.test.ts'))?.message).toContain(
    'missing.ts',
  );
});
