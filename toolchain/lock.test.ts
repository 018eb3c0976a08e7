import { describe, expect, test } from '@jest/globals';
import { type Host, type Lock, ownerOf, parseLock, planRecovery } from './lock.ts';

const WRITTEN = '{"pid":4711,"username":"ada","hostname":"here","timestamp":"2026-01-02T03:04:05.678Z"}';
const LOCK: Lock = { pid: 4711, username: 'ada', hostname: 'here', timestamp: '2026-01-02T03:04:05.678Z' };

function host(...alive: readonly number[]): Host {
  return { hostname: 'here', isPulumi: (pid) => alive.includes(pid) };
}

describe('parseLock', () => {
  test("reads pulumi's file", () => {
    expect(parseLock(WRITTEN)).toEqual(LOCK);
  });

  test.each(['', '{', '{}', '{"pid":-1,"username":"","hostname":"","timestamp":""}', '[]'])(
    '%j is none',
    (text) => {
      expect(parseLock(text)).toBeUndefined();
    },
  );
});

test('an owner is alive, dead or out of sight', () => {
  expect(ownerOf(LOCK, host(4711))).toBe('alive');
  expect(ownerOf(LOCK, host(4712))).toBe('dead');
  expect(ownerOf({ ...LOCK, hostname: 'there' }, host())).toBe('elsewhere');
});

describe('planRecovery', () => {
  test('does nothing without locks', () => {
    expect(planRecovery('local', [], host())).toEqual({ step: 'none' });
  });

  test("clears a dead owner's lock and says whose it was", () => {
    const reason = 'its run of 2026-01-02T03:04:05.678Z (process 4711) was killed and left the stack locked';
    expect(planRecovery('local', [LOCK], host())).toEqual({ step: 'unlock', reason });
  });

  test('refuses while the owner is at work', () => {
    const recovery = planRecovery('local', [LOCK], host(4711));
    expect(recovery).toMatchObject({
      step: 'refuse',
      reason: expect.stringContaining('process 4711 of ada'),
    });
  });

  test('refuses when the owner is out of sight, and names the command', () => {
    const reason = expect.stringContaining('npx pulumi cancel --yes --stack local');
    expect(planRecovery('local', [{ ...LOCK, hostname: 'there' }], host())).toMatchObject({
      step: 'refuse',
      reason,
    });
  });

  test('one living owner among dead ones is enough to refuse', () => {
    const locks = [{ ...LOCK, pid: 1 }, LOCK];
    expect(planRecovery('local', locks, host(4711)).step).toBe('refuse');
  });
});
