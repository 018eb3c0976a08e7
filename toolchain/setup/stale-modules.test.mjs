import { expect, test } from '@jest/globals';
import { staleReason } from './stale-modules.mjs';

const MANIFEST = { dependencies: { a: '1.0.0' }, scripts: { test: 'x' } };
const WANTED = {
  packages: {
    '': { dependencies: { a: '1.0.0' } },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-mac': { version: '2.0.0', optional: true },
  },
};
const INSTALLED = { packages: { 'node_modules/a': { version: '1.0.0' } } };

test('nothing is due when all is there, packages of other platforms apart', () => {
  expect(staleReason(MANIFEST, WANTED, INSTALLED)).toBeUndefined();
});

test.each([
  [undefined, 'interrupted'],
  [{ packages: {} }, 'node_modules/a is missing, package-lock.json asks for 1.0.0'],
  [{ packages: { 'node_modules/a': { version: '0.9.0' } } }, 'node_modules/a is 0.9.0'],
  [
    { packages: { ...INSTALLED.packages, 'node_modules/b-mac': { version: '1.0.0' } } },
    'node_modules/b-mac is 1.0.0',
  ],
])('%j is stale', (installed, reason) => {
  expect(staleReason(MANIFEST, WANTED, installed)).toContain(reason);
});

test('a manifest that has moved on is noticed', () => {
  const reason = staleReason({ dependencies: { a: '1.0.1' } }, WANTED, INSTALLED);
  expect(reason).toBe('package.json has other dependencies than package-lock.json');
});
