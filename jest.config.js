/** Tests are ES modules like the sources, so jest runs under `--experimental-vm-modules` (toolchain/run-tests.ts). */
export default {
  testEnvironment: 'node',
  // The default leaves a core idle, which on two is half of the machine; many tests wait more than they work.
  maxWorkers: '100%',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  // `*.real.test.ts` start etcd, test/cluster starts machines: `npm test` runs them, `npm run check` does not.
  // No measure of speed, only an end for what hangs: jest's 5 s are over in a moment on a busy computer.
  testTimeout: 60_000,
  testPathIgnorePatterns: ['/node_modules/', '/test/cluster/', '\\.real\\.test\\.ts$'],
  modulePathIgnorePatterns: ['<rootDir>/.flotilla/'],
};
