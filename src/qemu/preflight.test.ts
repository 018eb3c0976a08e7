import { describe, expect, test } from '@jest/globals';
import { gatherFacts, type HostFacts, type LocalRequest } from './host-facts.ts';
import { preflight } from './preflight.ts';

const core = { path: 'flotilla:machines.core', memory: 1024, disk: 10 };
const request: LocalRequest = {
  stackFolder: '/home/me/flotilla/.flotilla/local',
  image: { kind: 'debian', suite: 'trixie' },
  machines: [1, 2, 3].map((n) => ({ ...core, name: `core-${n}` })),
};
const facts: HostFacts = {
  platform: 'linux',
  arch: 'x64',
  qemuVersion: '7.2.22',
  canBuild: undefined,
  missingPrograms: [],
  memory: 8192,
  disk: 100 * 1024 ** 3,
  cacheDisk: undefined,
  existing: [],
  running: [],
};
const gibibyte = 1024 ** 3;

test('nothing stands in the way', () => {
  expect(preflight(request, facts)).toEqual([]);
});

test('all problems are told at once', () => {
  const poor = {
    ...facts,
    qemuVersion: '6.2',
    missingPrograms: ['mmdebstrap'],
    canBuild: false,
    memory: 2048,
    disk: 1024 ** 3,
  };
  const problems = preflight({ ...request, stackFolder: `/${'x'.repeat(100)}` }, poor);
  expect(problems).toHaveLength(6);
  expect(problems.map(({ fix }) => fix)).toContain('apt install mmdebstrap');
});

describe('each problem', () => {
  test('memory: more machines than the host holds', () => {
    expect(preflight(request, { ...facts, memory: 2048 })).toEqual([
      {
        path: 'flotilla:machines.core',
        problem: '3 machines (core-1, core-2, core-3) need 3072 MiB of memory, 2048 MiB are free',
        fix: 'lower count or memory',
      },
    ]);
  });

  test('memory: machines that run have theirs already', () => {
    expect(preflight(request, { ...facts, memory: 2048, running: ['core-1'] })).toEqual([]);
  });

  test('disk: machines that exist have theirs already', () => {
    const few = { ...facts, disk: 2 * gibibyte };
    const all = request.machines.map(({ name }) => name);
    expect(preflight(request, { ...few, existing: all })).toEqual([]);
    expect(preflight(request, { ...few, existing: ['core-1'] })).toEqual([]);
    expect(preflight(request, few)).toEqual([
      {
        path: 'flotilla:machines',
        problem: '3.0 GiB of disk are needed at /home/me/flotilla/.flotilla/local, 2.0 GiB are free',
        fix: 'free some space, or set FLOTILLA_HOME to a folder elsewhere',
      },
    ]);
  });

  test('disk: an image asks for more only while it has to be built', () => {
    const built = { ...facts, canBuild: true };
    expect(preflight(request, { ...built, disk: 6 * gibibyte })).toEqual([]);
    expect(preflight(request, { ...built, disk: 5 * gibibyte })).toMatchObject([
      { problem: expect.stringContaining('6.0 GiB of disk are needed') },
    ]);
  });

  test('disk: an image is built in the cache, which may be elsewhere', () => {
    const elsewhere = { ...facts, canBuild: true, disk: 3 * gibibyte, cacheDisk: 3 * gibibyte };
    expect(preflight(request, elsewhere)).toEqual([]);
    expect(preflight(request, { ...elsewhere, cacheDisk: gibibyte })).toEqual([
      {
        path: 'flotilla:os',
        problem: expect.stringMatching(
          /^3.0 GiB of disk are needed to build the image in .*, 1.0 GiB are free$/,
        ),
        fix: 'free some space, or set XDG_CACHE_HOME to a folder elsewhere',
      },
    ]);
  });

  test('a socket’s path: 107 bytes are the most', () => {
    const longest = '/machines/core-1/qmp'.length;
    const stack = (length: number) => `/${'x'.repeat(length - longest - 1)}`;
    expect(preflight({ ...request, stackFolder: stack(107) }, facts)).toEqual([]);
    expect(preflight({ ...request, stackFolder: stack(108) }, facts)).toEqual([
      {
        path: `${stack(108)}/machines/core-1/qmp`,
        problem: "a unix socket's path may have 107 bytes, this one has 108",
        fix: 'set FLOTILLA_HOME to a shorter folder',
      },
    ]);
  });

  test('another system', () => {
    expect(preflight(request, { ...facts, platform: 'darwin', arch: 'arm64' })).toMatchObject([
      { path: 'flotilla:platform' },
    ]);
  });
});

test('facts can be gathered here', async () => {
  const here = await gatherFacts({ ...request, stackFolder: '/nonexistent/flotilla' });
  expect(here.memory).toBeGreaterThan(0);
  expect(here.disk).toBeGreaterThan(0);
  expect(here.running).toEqual([]);
  expect(here.existing).toEqual([]);
});
