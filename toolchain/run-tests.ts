/**
 * `npm test` and `npm run check`: types, style, fast tests and, but for `--fast`, simulated clusters, tests with a
 * real etcd and on real machines.
 * Types and style are checked while the fast tests run, of which many wait. Further arguments go to jest's fast run.
 * All parts run, whatever becomes of the others; the last line is `N passed, N failed`, where types, style and
 * simulations are one check each. Exit code 1: something failed or nothing ran.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, type Counts, checkCounts, failureLines, fileTimes, jestCounts, summary } from './counts.ts';
import { soFarVariable } from './jest/report-so-far.ts';
import { runMain } from './main.ts';
import { runInForeground } from './process.ts';

/** A test on emulated machines waits for boots; one that takes longer than this hangs. */
const CLUSTER_TEST_LIMIT_MS = 15 * 60_000;

/**
 * Tests beside their sources that start a real etcd, Pulumi's engine, moto or Ignition. They mostly wait, so more of them run than
 * there are cores.
 */
const REAL_TESTS = ['\\.real\\.test\\.ts$', '--testPathIgnorePatterns=/node_modules/', '--maxWorkers=3'];

/** Clusters in virtual time with faults; `npm run simulate` has more seeds (docs/simulator.md). */
const SIMULATIONS = ['test/simulator/run.ts', '--seeds', '2000'];

/** What tsc found right the last time, by the contents of files: it looks again at what changed. */
const TYPES_SEEN = join('node_modules', '.cache', 'flotilla', 'types.tsbuildinfo');

/** Time for jest to end after its report is written. */
const HUNG_AFTER_MS = 15_000;
const HUNG_CHECK_MS = 5_000;

/** How long each part took, for the end. */
const took: string[] = [];

/** One file at a time: two cold boots take both processors, and what waits for one has a limit. */
const CLUSTER_TESTS = [
  'test/cluster',
  '--testPathIgnorePatterns=/node_modules/',
  '--runInBand',
  `--testTimeout=${CLUSTER_TEST_LIMIT_MS}`,
];

async function test(): Promise<void> {
  const args = process.argv.slice(2);
  const fast = args.includes('--fast');
  const [types, style, fastTests] = await Promise.all([
    check('types', 'typescript-native/bin/tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', TYPES_SEEN),
    check('style', '@biomejs/biome/bin/biome', 'ci'),
    jest('fast tests', ...args.filter((argument) => argument !== '--fast')),
  ]);
  const results = [types, style];
  const tests = [fastTests];
  if (!fast) {
    results.push(await checkRun('simulated clusters', SIMULATIONS));
    tests.push(await jest('tests with a real etcd', ...REAL_TESTS));
    tests.push(await jest('tests on real machines', ...CLUSTER_TESTS));
  }
  report(results.reduce(add), tests.reduce(add));
}

function report(checks: Counts, tests: Counts): void {
  const all = add(checks, tests);
  for (const [name, seconds] of all.slowest) console.log(`${seconds.toFixed(0)} s: ${name}`);
  for (const name of all.skipped) console.log(`skipped: ${name}`);
  // Once more, after some thousand lines of progress.
  for (const { name, message } of all.failures) console.log(`\nfailed: ${name}\n${message}\n`);
  const ran = tests.passed + tests.failed > 0;
  if (!ran) console.log('No test ran at all, which counts as a failure.');
  const total = ran ? all : add(all, checkCounts('tests', 1));
  process.exitCode = total.failed === 0 ? 0 : 1;
  console.log(`\n${took.join(', ')}`);
  for (const line of failureLines(all)) console.log(line);
  console.log(summary(total));
}

function check(title: string, script: string, ...args: readonly string[]): Promise<Counts> {
  return checkRun(title, [join('node_modules', script), ...args]);
}

async function checkRun(title: string, args: readonly string[]): Promise<Counts> {
  return checkCounts(title, await runNode(title, args));
}

/** Jest's progress goes to the terminal as it comes; the counts come through a file. */
async function jest(title: string, ...args: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-test-'));
  const [file, soFar] = [join(folder, 'jest.json'), join(folder, 'so-far.json')];
  const hung = new AbortController();
  const watch = setInterval(() => endIfHung(title, file, hung), HUNG_CHECK_MS);
  try {
    // Test files make much that lives shortly; with four times of V8's own room for it a tenth of the work goes.
    const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=64'];
    const output = ['--ci', '--json', `--outputFile=${file}`];
    const script = 'node_modules/jest/bin/jest.js';
    const environment = { [soFarVariable]: soFar };
    const code = await runNode(title, [...flags, script, ...args, ...output], environment, hung.signal);
    return readReport(title, file, soFar, code);
  } finally {
    clearInterval(watch);
    rmSync(folder, { recursive: true });
  }
}

/**
 * Jest writes its report when the last test has ended. It then waits without an end for whatever a test left open;
 * that test is wrong, so the run is a failed one, but it has to come to an end.
 */
function endIfHung(title: string, file: string, hung: AbortController): void {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined || Date.now() - written < HUNG_AFTER_MS) return;
  console.log(
    `${title}: a test left something open that keeps jest from ending. Find it: jest --detectOpenHandles`,
  );
  hung.abort();
}

/** Jest may fail without a failed test: by its own settings, or killed before it wrote its last report. */
function readReport(title: string, file: string, soFar: string, code: number): Counts {
  const whole = readIfThere(file);
  const json = whole ?? readIfThere(soFar);
  if (json === undefined) {
    console.log(`${title}: jest left no report (exit code ${code})`);
    return checkCounts(title, 1);
  }
  const times = fileTimes(json).map(([name, seconds]) => `${name} ${seconds.toFixed(0)} s`);
  if (times.length > 0) took.push(`of it ${times.join(' and ')}`);
  const counts = jestCounts(json);
  if (whole === undefined) return add(counts, checkCounts(title, 1));
  return code !== 0 && counts.failed === 0 ? add(counts, checkCounts(title, code)) : counts;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function runNode(
  title: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
  abort?: AbortSignal,
): Promise<number> {
  console.log(`\n== ${title}`);
  const began = performance.now();
  const code = await runInForeground(
    { path: process.execPath, args, environment: { ...process.env, ...variables } },
    abort,
  );
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`== ${title}: ${code === 0 ? 'passed' : 'failed'} after ${seconds} s`);
  took.push(`${title} ${seconds} s`);
  return code;
}

await runMain(test);
