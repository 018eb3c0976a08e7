import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeCache } from '../qemu/template-cache-fake.ts';
import { FakeCluster } from './fake-cluster.ts';

let cache: FakeCache;
let cluster: FakeCluster;

beforeEach(async () => {
  cache = await FakeCache.make();
  cluster = new FakeCluster();
  cluster.env = { ...cache.env };
  // The cache is this computer's: nobody needs a cluster to look at it.
  cluster.openError = new Error('there is no stack');
});

afterEach(() => cache.remove());

const words = (text: string) => text.split('\n').map((line) => line.split(/ {2,}/).join(' | '));

describe('cache list', () => {
  test('shows templates, images and their sum', async () => {
    await cache.template('a', { days: 3, kib: 12 });
    await cache.halfMade('b.part', 4);
    await cache.image('trixie-1');
    const { status, stdout, stacks } = await cluster.flotilla('cache list');
    expect({ status, stacks }).toEqual({ status: 0, stacks: [] });
    expect(words(stdout)).toEqual([
      'KIND | KEY | WHAT | SIZE | USED | MADE | NOTE',
      expect.stringMatching(/^template \| b \| - \| \d+ KiB \| - \| - \| half-made$/),
      expect.stringMatching(
        /^template \| a \| trixie-1, tcg, 1 CPU, 1024 MiB memory, 8 GiB disk \| \d+ KiB \| 3 days ago \| \d seconds? ago \| -$/,
      ),
      expect.stringMatching(/^image \| trixie-1 \| trixie \| \d+ KiB \| - \| \d seconds? ago \| -$/),
      expect.stringMatching(/^total \| \d+ KiB$/),
      '',
    ]);
  });

  test('--json', async () => {
    await cache.template('a');
    await cache.image('trixie-1');
    const [template, image] = JSON.parse((await cluster.flotilla('cache list --json')).stdout);
    expect(template).toEqual({
      ...{ kind: 'template', key: 'a', state: 'complete', image: 'trixie-1', accelerator: 'tcg' },
      ...{ cpus: 1, memory: 1024, disk: 8, source: null, bytes: expect.any(Number) },
      ...{ lastUse: expect.stringMatching(/^\d{4}-.*Z$/), madeAt: expect.stringMatching(/Z$/) },
      path: join(cache.templates, 'a'),
    });
    expect(image).toMatchObject({ kind: 'image', source: 'trixie', cpus: null, lastUse: null });
  });

  test('says so when there is no cache', async () => {
    const { status, stdout } = await cluster.flotilla('cache list');
    expect(status).toBe(0);
    expect(stdout).toBe(
      `There is no cache in ${join(cache.env.XDG_CACHE_HOME, 'flotilla')} yet: ` +
        '`npm run up` makes what a local stack needs.\n',
    );
    expect((await cluster.flotilla('cache list --json')).stdout).toBe('[]\n');
  });
});

describe('cache prune', () => {
  test('says what goes, why, and what stays', async () => {
    await cache.template('old', { days: 41 });
    await cache.template('new', { days: 1, kib: 64 });
    await cache.image('trixie-1');
    const { status, stdout, stacks } = await cluster.flotilla('cache prune');
    expect({ status, stacks }).toEqual({ status: 0, stacks: [] });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^removed template old \(\d+ KiB\): not used for 41 days$/),
      'removed lock file old.lock: there is no template of that name',
      expect.stringMatching(/^\d+ KiB freed, \d+ KiB of templates left\.$/),
      expect.stringMatching(/^Images are never removed, for the disks of machines lie over them: \d+ KiB\.$/),
      '',
    ]);
    expect((await readdir(cache.templates)).sort()).toEqual(['new', 'new.lock']);
  });

  test.each([
    ['--older-than 2h', ['a', 'b'], 'not used for 1 day'],
    ['--keep-size 100KiB', ['a'], 'the cache is larger than 100 KiB'],
    ['--all', ['a', 'b'], 'all templates are to go'],
  ])('%s --dry-run tells and keeps', async (options, gone, reason) => {
    await cache.template('a', { days: 1.9 });
    await cache.template('b', { days: 1.1 });
    const { stdout } = await cluster.flotilla(`cache prune ${options} --dry-run`);
    const told = [...stdout.matchAll(/^would remove template (\w+) \(.*\): (.*)$/gm)];
    expect(told.map(([, key]) => key)).toEqual(gone);
    expect(told.map(([, , why]) => why)).toEqual(gone.map(() => reason));
    expect(stdout).toContain('would be freed');
    expect(await readdir(cache.templates)).toHaveLength(4);
  });

  test('a template that was used a moment ago stays, and it says so', async () => {
    await cache.template('a');
    const { status, stdout } = await cluster.flotilla('cache prune --all');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^kept template a \(.*\), all templates are to go: used \d seconds? ago, so a machine/,
    );
  });

  test('nothing to remove is no failure', async () => {
    expect(await cluster.flotilla('cache prune')).toMatchObject({
      status: 0,
      stdout: 'Nothing to remove, 0 B of templates left.\n',
    });
  });

  test('what can not be removed fails it, with the cause under --debug', async () => {
    await cache.halfMade('a.part');
    await symlink('/nowhere/at/all', join(cache.templates, 'a.lock'));
    const { status, stderr } = await cluster.flotilla('cache prune');
    expect(status).toBe(1);
    expect(stderr).toContain("flotilla: template a.part can't be removed: ");
    expect((await cluster.flotilla('--debug cache prune')).stderr).toContain('[cause]');
  });

  test.each([
    ['--older-than 30', 'number with a unit of s, m, h, d or w, such as 30d'],
    ['--keep-size 4GB', 'number with a unit of B, KiB, MiB, GiB or TiB, such as 4GiB'],
    ['--all --keep-size 4GiB', "'--all' cannot be used with"],
    ['--frob', "unknown option '--frob'"],
  ])('%s is a usage error', async (options, message) => {
    const { status, stderr } = await cluster.flotilla(`cache prune ${options}`);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

test.each(['cache', 'cache frob'])('%s alone is a usage error that lists the commands', async (line) => {
  const { status, stdout } = await cluster.flotilla(line);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

test.each(['cache', 'cache list', 'cache prune'])('%s --help has examples', async (line) => {
  const { status, stdout } = await cluster.flotilla(`${line} --help`);
  expect(status).toBe(0);
  expect(stdout).toContain('$ flotilla cache ');
});
