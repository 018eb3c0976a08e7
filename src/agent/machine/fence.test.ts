import { expect, test } from '@jest/globals';
import { graceSeconds } from '../engine/grace.ts';
import { fenceSeconds } from '../systemd/fence-seconds.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import { fenceOff, membershipOf } from './fence.ts';

test('a second is left between the kill and the earliest start elsewhere', () => {
  const { missing, newLeader } = graceSeconds;
  expect(fenceSeconds.kill + 1).toBeLessThanOrEqual(Math.min(missing, newLeader));
});

test('a lease counts as lost at its end, though nobody has come to say so yet', () => {
  const lost = new AbortController();
  const lease = { id: '1', lost: lost.signal, endsAt: 10_000, revoke: async () => undefined };
  expect(membershipOf(undefined, 0)).toBe('unknown');
  expect(membershipOf(lease, 9999)).toBe('member');
  expect(membershipOf(lease, 10_000)).toBe('lost');
  lost.abort();
  expect(membershipOf(lease, 0)).toBe('lost');
});

test('stops fenced units that are not down, once the lease is lost', () => {
  const unit = (name: string, active: string): ManagedUnit => ({
    ...{ name, active, contents: '', hash: '', load: 'loaded', sub: '', result: 'success', started: true },
  });
  const units = [
    ...[unit('a', 'active'), unit('b', 'inactive'), unit('c', 'failed')],
    ...[unit('d', 'activating'), unit('e', 'active')],
  ];
  const stops = (membership: 'unknown' | 'member' | 'lost') =>
    fenceOff(units, new Set(['a', 'b', 'c', 'd']), membership).map(
      ({ type, unit: name }) => `${type} ${name}`,
    );
  expect(stops('lost')).toEqual(['stop a', 'stop d']);
  expect(stops('member')).toEqual([]);
  expect(stops('unknown')).toEqual([]);
});
