import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { withLock } from './lock.ts';
import { type PruneOptions, type PruneOutcome, prune, pruneTemplates } from './prune.ts';
import { defaultLimits, type Limits } from './prune-limits.ts';
import { readTemplate } from './template.ts';
import { FakeCache } from './template-cache-fake.ts';

const log = () => {};
const everything: Limits = { olderThan: 0, keepSize: 0, all: true };

let cache: FakeCache;

beforeEach(async () => {
  cache = await FakeCache.make();
});

afterEach(() => cache.remove());

const left = async () => (await readdir(cache.templates)).sort();

async function outcomes(limits: Limits, options: Partial<PruneOptions> = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const outcome of prune(cache.templates, limits, { log, ...options })) lines.push(line(outcome));
  return lines;
}

const line = ({ entry, spared, error }: PruneOutcome) =>
  `${entry.name} ${error ? error.message : spared === undefined ? 'removed' : spared}`;

describe('prune', () => {
  test('removes what is too old with its lock, and leaves the rest and all images', async () => {
    await cache.template('old', { days: 31 });
    await cache.template('new', { days: 29 });
    await cache.image('trixie-1');
    expect(await outcomes(defaultLimits)).toEqual(['old removed', 'old.lock removed']);
    expect(await left()).toEqual(['new', 'new.lock']);
    await outcomes(everything);
    expect(await left()).toEqual([]);
    expect(await readdir(join(cache.images, 'trixie-1'))).toEqual(['disk.raw', 'manifest.json']);
  });

  test('removes what cut-off runs and removals left', async () => {
    await cache.halfMade('a.part');
    await cache.halfMade('b.0.gone');
    await cache.halfMade('c');
    await writeFile(join(cache.templates, 'a.lock'), '');
    expect(await outcomes(defaultLimits)).toEqual([
      ...['a.part removed', 'b.0.gone removed', 'c removed', 'a.lock removed'],
    ]);
    expect((await left()).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  test('touches nothing that another process is making', async () => {
    await cache.halfMade('a.part');
    const lock = join(cache.templates, 'a.lock');
    await withLock(lock, { log, purpose: 'test' }, async () => {
      expect(await outcomes(everything)).toEqual([
        ...['a.part another process is making it', 'a.lock another process holds it'],
      ]);
    });
    expect(await left()).toEqual(['a.lock', 'a.part']);
  });

  test('a dry run tells the same and changes nothing', async () => {
    await cache.template('old', { days: 31 });
    await cache.halfMade('a.part');
    await cache.halfMade('b.0.gone');
    const before = await left();
    const told = await outcomes(defaultLimits, { dryRun: true });
    expect(await left()).toEqual(before);
    expect(await outcomes(defaultLimits)).toEqual(told);
  });

  test('one that is used after the plan was made stays', async () => {
    await cache.template('a', { days: 50 });
    await cache.template('b', { days: 40 });
    const pruning = prune(cache.templates, defaultLimits, { log });
    expect(line((await pruning.next()).value as PruneOutcome)).toBe('a removed');
    expect(await readTemplate(join(cache.templates, 'b'))).toBeDefined();
    expect(line((await pruning.next()).value as PruneOutcome)).toContain('b used just now');
    await pruning.return();
    expect(await left()).toEqual(['a.lock', 'b', 'b.lock']);
  });

  test('whoever has got a template at the same moment finds it whole', async () => {
    for (let round = 0; round < 40; round++) {
      const folder = await cache.template('a', { days: 40 });
      const pruned = outcomes(defaultLimits);
      const read = await readTemplate(folder).catch(() => undefined);
      await pruned;
      if (read) expect(await readdir(folder)).toHaveLength(6);
    }
  });

  test('two at once remove everything once', async () => {
    for (const key of ['a', 'b', 'c']) await cache.template(key, { days: 40 });
    const both = (await Promise.all([outcomes(defaultLimits), outcomes(defaultLimits)])).flat();
    for (const key of ['a', 'b', 'c'])
      expect(both.filter((each) => each === `${key} removed`)).toHaveLength(1);
    expect((await left()).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  test('what can not be removed is named, and the others go', async () => {
    await cache.halfMade('a.part');
    await symlink('/nowhere/at/all', join(cache.templates, 'a.lock'));
    await cache.template('old', { days: 31 });
    const [first, ...others] = await outcomes(defaultLimits);
    expect(first).toContain(`template a.part can't be removed: pruning ${join(cache.templates, 'a.lock')}`);
    expect(others).toEqual(['old removed', 'old.lock removed']);
  });

  test('no cache has nothing to remove', async () => {
    expect(await outcomes(everything)).toEqual([]);
  });
});

describe('pruneTemplates', () => {
  test('makes room for the one just made, which stays whatever its size, and says why', async () => {
    const lines: string[] = [];
    await cache.template('old', { days: 31 });
    await cache.template('big', { days: 2, kib: 256 });
    await cache.template('made', { days: 0, kib: 256 });
    await pruneTemplates(cache.templates, 'made', (text) => lines.push(text), {
      ...defaultLimits,
      keepSize: 128 * 1024,
    });
    expect(lines).toEqual([
      expect.stringMatching(/^template old \(\d+ KiB\) removed: not used for 31 days$/),
      expect.stringMatching(/^template big \(\d+ KiB\) removed: the cache is larger than 128 KiB$/),
    ]);
    expect((await left()).filter((name) => !name.endsWith('.lock'))).toEqual(['made']);
  });

  test('even one whose clock is wrong stays while it is the one just made', async () => {
    const folder = await cache.template('made');
    await utimes(folder, 0, 0);
    await pruneTemplates(cache.templates, 'made', log);
    expect(await left()).toEqual(['made', 'made.lock']);
  });

  test('a failure is told and is no failure of the start', async () => {
    const lines: string[] = [];
    await mkdir(join(cache.templates, '..'), { recursive: true });
    await writeFile(cache.templates, 'no folder');
    await pruneTemplates(cache.templates, 'made', (text) => lines.push(text));
    expect(lines).toEqual([
      expect.stringContaining(`old templates can't be removed from ${cache.templates}`),
    ]);
  });
});
