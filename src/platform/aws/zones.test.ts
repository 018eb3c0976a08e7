import { describe, expect, test } from '@jest/globals';
import { parseRange } from '../../config/addresses.ts';
import { zoneLetters } from '../../config/aws.ts';
import { addressCount, overlap, rangeOf } from '../range.ts';
import { strandedText, subnetRange, zoneOf } from './zones.ts';

describe("a zone's subnet", () => {
  test.each([
    ['10.77.0.0/16', 'a', '10.77.0.0/19'],
    ['10.77.0.0/16', 'c', '10.77.64.0/19'],
    ['10.77.0.0/16', 'h', '10.77.224.0/19'],
    ['192.168.64.0/24', 'b', '192.168.64.32/27'],
    ['172.31.240.0/20', 'f', '172.31.250.0/23'],
  ] as const)('of %s in %s is %s', (network, zone, range) => {
    expect(subnetRange(network, zone)).toBe(range);
  });

  test.each(['10.0.0.0/16', '172.16.128.0/18', '192.168.1.0/24'])(
    'all of %s are in it, and no two overlap',
    (network) => {
      const whole = rangeOf(network);
      const parts = zoneLetters.map((zone) => rangeOf(subnetRange(network, zone)));
      for (const [index, part] of parts.entries()) {
        expect(part.base).toBeGreaterThanOrEqual(whole.base);
        expect(part.base + addressCount(part)).toBeLessThanOrEqual(whole.base + addressCount(whole));
        expect(parts.slice(index + 1).some((other) => overlap(part, other))).toBe(false);
      }
      expect(parseRange(subnetRange(network, 'h'))).toBeDefined();
    },
  );
});

describe('the zone of a machine', () => {
  const zoneIn = (name: string, ...zones: Parameters<typeof zoneOf>[1]) =>
    zoneOf({ name, group: name.replace(/-\d+$/, '') }, zones);

  test('machines of a group go around', () => {
    const names = ['core-1', 'core-2', 'core-3', 'core-4', 'core-5'];
    expect(names.map((name) => zoneIn(name, 'a', 'c', 'd'))).toEqual(['a', 'c', 'd', 'a', 'c']);
  });

  test('each group by itself, whatever its name ends in', () => {
    expect(zoneIn('worker-2-1', 'a', 'b')).toBe('a');
    expect(zoneIn('w-2', 'a')).toBe('a');
  });
});

test('machines in a zone that was taken out are named, and what gets them out of it', () => {
  const stranded = [
    { name: 'core-3', group: 'core', zone: 'c' },
    { name: 'worker-3', group: 'worker', zone: 'c' },
  ];
  expect(strandedText(stranded)).toBe(
    "core-3 is in zone c, worker-3 is in zone c, and flotilla:aws.zones has no c any more: its subnet can't go while they " +
      'are there. Nothing was deleted. Next step: put c back; to leave the zone, take it out and raise ' +
      'flotilla:machines.core.generation and flotilla:machines.worker.generation in one change, which makes the machines ' +
      'anew in the other zones',
  );
});
