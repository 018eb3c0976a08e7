import { statSync } from 'node:fs';

interface Test {
  readonly path: string;
}

/**
 * Test files that take a minute or more. Started last, one of them would run alone at the end, and jest without a memory of
 * earlier runs, as in a fresh clone, starts small files last. Longest first, but what waits (faults) beside what computes.
 */
export const longest: readonly string[] = [
  'src/packaged-image/build.real.test.ts',
  'src/store/faults.real.test.ts',
  'test/library/package.real.test.ts',
  'test/systemd/systemd.real.test.ts',
  'test/cloud/surge.real.test.ts',
  'test/cloud/fault-table/fault-table.real.test.ts',
  'test/cloud/aws/stack.real.test.ts',
  'src/store/etcd.real.test.ts',
  'test/cloud/digitalocean/stack.real.test.ts',
];

/** The order in which jest starts test files: those of `longest`, then the others by size, as jest itself guesses. */
export default class Sequencer {
  sort<Each extends Test>(tests: Iterable<Each>): Each[] {
    const ranked = [...tests].map((test) => ({ test, rank: rankOf(test), size: sizeOf(test) }));
    return ranked.sort((a, b) => a.rank - b.rank || b.size - a.size).map(({ test }) => test);
  }

  /** Those that failed in an earlier run, of which nothing is kept. */
  allFailedTests<Each extends Test>(tests: Iterable<Each>): Each[] {
    return [...tests];
  }

  cacheResults(): void {}
}

function rankOf({ path }: Test): number {
  const rank = longest.findIndex((file) => path.endsWith(`/${file}`));
  return rank < 0 ? longest.length : rank;
}

function sizeOf({ path }: Test): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
