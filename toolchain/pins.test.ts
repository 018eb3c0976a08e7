import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import * as z from 'zod';

const Names = z.record(z.string(), z.string()).default({});
const Manifest = z.object({ devDependencies: Names });
const LockFile = z.object({
  packages: z.record(z.string(), z.object({ dependencies: Names, optionalDependencies: Names })),
});

function read(path: string): string {
  return readFileSync(join(import.meta.dirname, '..', path), 'utf8');
}

test('CLI, SDK and the Go module that builds the CLI are of one version', () => {
  const { devDependencies } = Manifest.parse(JSON.parse(read('package.json')));
  expect(devDependencies['@pulumi/pulumi']).toBe(devDependencies.pulumi);
  expect(read('toolchain/pulumi/go.mod')).toContain(
    `github.com/pulumi/pulumi/pkg/v3 v${devDependencies.pulumi} `,
  );
});

/** npm drops packages of other platforms that its registry lacks, and `npm ci` then refuses the lock file. */
test('the lock file names every package, those of other platforms included', () => {
  const { packages } = LockFile.parse(JSON.parse(read('package-lock.json')));
  const known = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)),
  );
  const wanted = Object.values(packages).flatMap((entry) => [
    ...Object.keys(entry.dependencies),
    ...Object.keys(entry.optionalDependencies),
  ]);
  expect(wanted.filter((name) => !known.has(name))).toEqual([]);
});

/** Where a tarball comes from is for each machine's own npm settings to say. */
test('the lock file names no registry', () => {
  expect(read('package-lock.json')).not.toContain('"resolved"');
});
