import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anySnapshot } from '../../test/arbitrary/snapshot.ts';
import { compileGlob, matchesGlob } from '../unit/glob.ts';
import { explainMachines } from './explain-machines.ts';
import { rebalance } from './rebalance.ts';
import { sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { sampleLines } from './sample-lines.ts';
import { schedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

const machines = [sampleMachine(1), sampleMachine(2)];
const untouchable = new Set(['u.service']);
const on = (machine: number, ...units: string[]) => units.map((unit) => samplePlacement(unit, machine));
const lines = (
  units: Snapshot['units'],
  placements: Snapshot['placements'],
  more: Partial<Snapshot> = { machines: machines.slice(0, 1) },
) => sampleLines({ machines, units, placements, untouchable, ...more });

describe('a unit that nothing can be decided about', () => {
  test('stays although it is global and another comes to exclude it', () => {
    const units = [
      sampleUnit('a.service', 'Conflicts=u.service', 'v2'),
      sampleUnit('u.service', 'Global=true'),
    ];
    expect(lines(units, on(1, 'a.service', 'u.service'))).toEqual([
      '- a.service core-1: conflicts with u.service on core-1',
      '? a.service: conflicts with u.service on core-1',
    ]);
  });

  test('stays where its machine does not suit it any more, and comes to no other', () => {
    const units = [sampleUnit('u.service', 'Global=true\nMachineMetadata=disk=ssd')];
    const disks = [sampleMachine(1), sampleMachine(2, { disk: 'ssd' })];
    expect(lines(units, on(1, 'u.service'), { machines: disks })).toEqual([]);
  });

  test('makes no room: who would replace it keeps away, or stays beside it', () => {
    const units = [sampleUnit('a.service', 'Replaces=u.service'), sampleUnit('u.service')];
    expect(lines(units, on(1, 'u.service'))).toEqual([
      '? a.service: nothing can be decided now about u.service on core-1',
    ]);
    expect(lines(units, on(1, 'u.service'), {})).toEqual(['+ a.service core-2: least loaded (0 units)']);
    expect(lines(units, on(1, 'a.service', 'u.service'))).toEqual([]);
    const told = explainMachines(
      { machines, units, untouchable, placements: on(1, 'u.service') },
      'a.service',
    );
    expect(told[0]?.reason).toBe(
      'nothing can be decided now about u.service on core-1, which would make room',
    );
  });

  test('does not leave a draining machine, nor do those that belong with it', () => {
    const units = [sampleUnit('side.service', 'MachineOf=u.service'), sampleUnit('u.service')];
    const draining = new Set([sampleMachine(1).id]);
    expect(lines(units, on(1, 'side.service', 'u.service'), { draining })).toEqual([
      '! side.service core-1: core-1 is draining; nothing can be decided now about u.service',
      '! u.service core-1: core-1 is draining; nothing can be decided now about u.service',
    ]);
  });

  test('plays no part in a rebalance', () => {
    const units = ['u.service', 'v.service'].map((name) => sampleUnit(name));
    const placements = on(1, 'u.service', 'v.service');
    const moved = rebalance({ machines, units, placements, untouchable }, 9);
    expect(moved.map((it) => (it.type === 'remove' ? it.unit : it.placement.unit))).toEqual([
      'v.service',
      'v.service',
    ]);
  });

  test('in any cluster is not decided about, and nothing comes beside it that it excludes', () => {
    const some = anySnapshot.chain((snapshot) =>
      fc
        .subarray(snapshot.units.map(({ name }) => name))
        .map((names) => ({ ...snapshot, untouchable: new Set(names) })),
    );
    fc.assert(
      fc.property(some, (snapshot) => {
        const { decisions } = schedule(snapshot);
        const decided = decisions.map((one) => (one.type === 'place' ? one.placement.unit : one.unit));
        expect(decided.filter((unit) => snapshot.untouchable.has(unit))).toEqual([]);
        const places = decisions.flatMap((one) => (one.type === 'place' ? one.placement : []));
        for (const { unit, machineId } of snapshot.placements) {
          if (!snapshot.untouchable.has(unit)) continue;
          const stays = snapshot.units.find(
            ({ name, targetState }) => name === unit && targetState !== 'inactive',
          );
          for (const place of places.filter((it) => it.machineId === machineId)) {
            expect(matchesAny(stays?.requirements.conflicts ?? [], place.unit)).toBe(false);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});

function matchesAny(globs: readonly string[], unit: string): boolean {
  return globs.some((glob) => matchesGlob(compileGlob(glob), unit));
}
