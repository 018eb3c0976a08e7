import { availableParallelism } from 'node:os';

/** Tests run in plain processes, as the program does (docs/decisions/0042-tests-run-in-plain-processes.md). */
export default {
  runtime: '<rootDir>/toolchain/jest/runtime.ts',
  testEnvironment: '<rootDir>/toolchain/jest/environment.ts',
  testSequencer: '<rootDir>/toolchain/jest/sequencer.ts',
  transform: {},
  reporters: ['default', '<rootDir>/toolchain/jest/report-so-far.ts'],
  // Many tests wait more than they work. Not '200%': jest takes what is above 100 for a number of workers.
  maxWorkers: 2 * availableParallelism(),
  // `*.real.test.ts` start etcd, test/cluster starts machines: `npm test` runs them, `npm run check` does not.
  // No measure of speed, only an end for what hangs: jest's 5 s are over in a moment on a busy computer.
  testTimeout: 60_000,
  testPathIgnorePatterns: ['/node_modules/', '/test/cluster/', '\\.real\\.test\\.ts$'],
  modulePathIgnorePatterns: ['<rootDir>/.flotilla/'],
};
