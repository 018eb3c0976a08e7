import { describe, expect, test } from '@jest/globals';
import { rebalance } from './rebalance.ts';
import { sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { lineOf } from './sample-lines.ts';
import type { Snapshot } from './snapshot.ts';

const three = [1, 2, 3].map((number) => sampleMachine(number, { zone: number === 3 ? 'b' : 'a' }));
const on = (machine: number, ...units: string[]) => units.map((unit) => samplePlacement(unit, machine));
const names = (count: number) => Array.from({ length: count }, (_, i) => `u${i + 1}.service`);
const plain = (...units: string[]) => units.map((name) => sampleUnit(name));

function lines(
  units: Snapshot['units'],
  placements: Snapshot['placements'],
  moves: number,
  more: Partial<Snapshot> = {},
): string[] {
  return rebalance({ machines: three, units, placements, ...more }, moves).map(lineOf);
}

describe('rebalance', () => {
  test('moves from the fullest to the emptiest, one by one', () => {
    expect(lines(plain(...names(4)), on(1, ...names(4)), 9)).toEqual([
      '- u1.service core-1: more even load: core-1 has 4 units',
      '- u2.service core-1: more even load: core-1 has 3 units',
      '+ u1.service core-2: more even load: core-1 has 4 units; least loaded (0 units)',
      '+ u2.service core-3: more even load: core-1 has 3 units; least loaded (0 units)',
    ]);
  });

  test.each([0, 1])('moves no more than asked: %i', (moves) => {
    expect(lines(plain(...names(4)), on(1, ...names(4)), moves)).toHaveLength(2 * moves);
  });

  test('takes the unit that evens out most', () => {
    const units = [
      ...plain('a.service', 'b.service'),
      sampleUnit('big.service', '[X-Flotilla]\nWeight=8'),
      sampleUnit('mid.service', '[X-Flotilla]\nWeight=5'),
    ];
    const moved = lines(units, on(1, 'a.service', 'b.service', 'big.service', 'mid.service'), 1);
    expect(moved).toEqual([
      '- big.service core-1: more even load: core-1 has weight 15, 4 units',
      '+ big.service core-2: more even load: core-1 has weight 15, 4 units; least loaded (0 units)',
    ]);
  });

  test('a difference of one unit is even', () => {
    expect(lines(plain(...names(1)), on(1, ...names(1)), 9)).toEqual([]);
  });

  test('what belongs together moves together or not at all', () => {
    const side = sampleUnit('side.service', 'MachineOf=main.service');
    const units = [...plain('main.service', 'x.service', 'y.service'), side];
    const placements = [...on(1, 'main.service', 'side.service'), ...on(1, 'x.service', 'y.service')];
    const bound = units.map((unit) =>
      unit.name.length === 9 ? sampleUnit(unit.name, 'MachineID=00000001') : unit,
    );
    expect(lines(bound, placements, 1)).toEqual([]);
    expect(lines(bound, placements, 2).filter((line) => line.startsWith('+'))).toEqual([
      '+ main.service core-2: more even load: core-1 has 4 units; least loaded (0 units)',
      '+ side.service core-2: more even load: core-1 has 4 units; with main.service (MachineOf)',
    ]);
  });

  test('breaks no constraint and leaves cordoned machines alone', () => {
    const units = names(4).map((name) => sampleUnit(name, 'MachineMetadata=zone=a'));
    const placed = lines(units, on(1, ...names(4)), 9).filter((line) => line.startsWith('+'));
    expect(placed.map((line) => line.split(':')[0])).toEqual(['+ u1.service core-2', '+ u2.service core-2']);
    const cordoned = new Set([sampleMachine(1).id]);
    expect(lines(units, on(1, ...names(4)), 9, { cordoned })).toEqual([]);
  });

  test('spoils no spread: instances stay apart', () => {
    const units = [...plain(...names(3)), sampleUnit('web@1.service'), sampleUnit('web@2.service')];
    const placements = [...on(1, ...names(3), 'web@1.service'), ...on(2, 'web@2.service')];
    const pinned = units.map((unit) =>
      unit.name.startsWith('u') ? sampleUnit(unit.name, 'MachineID=00000001') : unit,
    );
    expect(lines(pinned, placements, 9, { machines: three.slice(0, 2) })).toEqual([]);
  });

  test('takes no more instances of a template than MaxUnavailable, and none that is about to change', () => {
    const webs = [1, 2, 3, 4].map((number) => `web@${number}.service`);
    const units = webs.map((name) => sampleUnit(name));
    expect(lines(units, on(1, ...webs), 9)).toHaveLength(2);
    expect(lines(units, on(1, ...webs), 9, { unready: new Set(['web@4.service']) })).toHaveLength(2);
    const changed = names(4).map((name) => sampleUnit(name, '', 'v2'));
    expect(lines(changed, on(1, ...names(4)), 9)).toEqual([]);
  });
});
