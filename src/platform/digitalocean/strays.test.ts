import { expect, test } from '@jest/globals';
import { straysAmong } from './strays.ts';

const droplet = (id: string, createdAt: string, name = 'core-1') => ({ id, name, createdAt });

const ours = droplet('2', '2026-05-05T12:00:09Z');

test('a droplet that was made twice within seconds is a stray, on whichever side', () => {
  const before = droplet('1', '2026-05-05T12:00:00Z');
  const after = droplet('3', '2026-05-05T12:00:20Z');
  expect(straysAmong([ours], [before, ours, after])).toEqual([before, after]);
});

test('an earlier generation, another name and what is our own are none', () => {
  const earlier = droplet('1', '2026-05-05T11:58:00Z');
  const other = droplet('3', '2026-05-05T12:00:10Z', 'core-2');
  expect(straysAmong([ours], [earlier, ours, other])).toEqual([]);
});
