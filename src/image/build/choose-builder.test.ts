import { describe, expect, test } from '@jest/globals';
import { planBuild } from './choose-builder.ts';
import { type BuildCandidate, parseRoom, type Room } from './room.ts';

const mebi = 2 ** 20;

function candidate(name: string, room: Partial<Room> | string): BuildCandidate {
  if (typeof room === 'string') return { name, found: room, room };
  const found = { architecture: 'amd64', version: '26.1.5', images: [], cached: new Map() };
  return { name, found, room: { memory: 500 * mebi, disk: 5000 * mebi, built: [], ...room } };
}

const wanted = { name: 'team/app:2', bytes: 10 * mebi };

describe('the machine that builds', () => {
  test('has the most memory free, and the reason is said', () => {
    const plan = planBuild(wanted, [
      candidate('a', {}),
      candidate('b', { memory: 800 * mebi }),
      candidate('c', 'away'),
    ]);
    expect(plan.builder?.machine).toBe('b');
    expect(plan.steps).toEqual([
      { machine: 'a', action: 'receive', reason: '500 MiB of memory free' },
      { machine: 'b', action: 'build', reason: 'it has the most memory free, 800 MiB' },
      { machine: 'c', action: 'skip', reason: 'away' },
    ]);
  });

  test('is rather the one that has built an earlier version, where the steps are kept', () => {
    const built = candidate('b', { memory: 300 * mebi, built: ['team/app:1'] });
    const plan = planBuild(wanted, [candidate('a', { built: ['app:1'] }), built]);
    expect(plan.steps[1]).toEqual({ machine: 'b', action: 'build', reason: 'it has built team/app before' });
  });

  test('is the one that was named, or none', () => {
    const machines = [candidate('a', { memory: 900 * mebi }), candidate('b', { disk: 100 * mebi })];
    expect(planBuild({ ...wanted, machine: 'a' }, machines).steps[0]?.reason).toBe('it was named');
    const plan = planBuild({ ...wanted, machine: 'b' }, machines);
    expect(plan.builder).toBeUndefined();
    expect(plan.steps).toEqual([
      { machine: 'a', action: 'skip', reason: 'b is to build' },
      { machine: 'b', action: 'skip', reason: 'it has 100 MiB of disk free, less than 276 MiB' },
    ]);
  });

  test('is none with hardly any memory', () => {
    const plan = planBuild(wanted, [candidate('a', { memory: 10 * mebi })]);
    expect(plan.builder).toBeUndefined();
    expect(plan.steps[0]?.reason).toBe('it has 10 MiB of memory free, less than 64 MiB');
  });
});

test('room is read from what the machine prints', () => {
  const df =
    'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 4000000 1000000 3000000 25% /\n';
  expect(parseRoom(`MemAvailable:   512000 kB\n${df}`, ['app:1'])).toEqual({
    ...{ memory: 512_000 * 1024, disk: 3_000_000 * 1024, built: ['app:1'] },
  });
  expect(parseRoom('', [])).toContain('it does not say');
});
