import { expect, test } from '@jest/globals';
import { matchesMachineId, missingMetadata } from './match.ts';

test('a machine is meant by its full id or its first 8 digits', () => {
  const id = '0123456789abcdef0123456789abcdef';
  const ways = [id, '01234567', '0123456', '012345678', ''];
  expect(ways.map((wanted) => matchesMachineId(id, wanted))).toEqual([true, true, false, false, false]);
});

test('all keys must match, each by any of its values', () => {
  const machine = { zone: 'a', disk: 'ssd' };
  expect(missingMetadata(machine, {})).toBeUndefined();
  expect(missingMetadata(machine, { zone: ['b', 'a'], disk: ['ssd'] })).toBeUndefined();
  expect(missingMetadata(machine, { zone: ['a'], disk: ['hdd'] })).toBe('disk');
  expect(missingMetadata(machine, { constructor: ['x'] })).toBe('constructor');
});
