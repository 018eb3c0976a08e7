import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anySnapshot, calmSnapshot, metadata, settled } from '../../test/arbitrary/snapshot.ts';
import type { Machine } from '../model/machine.ts';
import { compileGlob, matchesGlob } from '../unit/glob.ts';
import { templateOf } from '../unit/name.ts';
import { matchesMachineId, meets, missingMetadata } from './match.ts';
import { applied, sampleMachine } from './sample.ts';
import { schedule } from './schedule.ts';
import type { Snapshot, WantedUnit } from './snapshot.ts';

const runs = { numRuns: 400 };

function unitsOn(snapshot: Snapshot, machine: Machine): WantedUnit[] {
  const there = snapshot.placements
    .filter(({ machineId }) => machineId === machine.id)
    .map(({ unit }) => unit);
  return snapshot.units.filter((unit) => there.includes(unit.name));
}

const matchesAny = (globs: readonly string[], unit: string) =>
  globs.some((glob) => matchesGlob(compileGlob(glob), unit));

describe('for any cluster', () => {
  test('the order of the lists plays no part', () => {
    const shuffled = anySnapshot.chain((snapshot) =>
      fc.tuple(
        fc.constant(snapshot),
        fc.record({
          machines: fc.shuffledSubarray([...snapshot.machines], { minLength: snapshot.machines.length }),
          units: fc.shuffledSubarray([...snapshot.units], { minLength: snapshot.units.length }),
          placements: fc.shuffledSubarray([...snapshot.placements], {
            minLength: snapshot.placements.length,
          }),
        }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => expect(schedule({ ...one, ...other })).toEqual(schedule(one))),
      runs,
    );
  });

  test('carried out once, nothing is left to do', () => {
    fc.assert(
      fc.property(anySnapshot, ({ draining: _, ...snapshot }) => {
        const once = schedule(snapshot);
        const again = schedule(applied(snapshot, once));
        expect(again.decisions).toEqual([]);
        expect(again.pending.map(({ unit }) => unit)).toEqual(once.pending.map(({ unit }) => unit));
      }),
      runs,
    );
  });

  test('draining comes to an end, and what is left on the machine has a reason or is global', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const after = settled(snapshot);
        const global = new Set(
          after.units.flatMap(({ name, requirements }) => (requirements.global ? name : [])),
        );
        const left = after.placements.filter(
          ({ unit, machineId }) => after.draining?.has(machineId) && !global.has(unit),
        );
        const staying = schedule(after).staying.filter(({ machineId }) => after.draining?.has(machineId));
        expect(staying.map(({ unit }) => unit).sort()).toEqual(left.map(({ unit }) => unit).sort());
        for (const { reason } of staying) expect(reason).toMatch(/ is draining; .|failed on .+; ./);
      }),
      runs,
    );
  });

  test('cordoned and draining machines get nothing', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const before = new Set(snapshot.placements.map(({ unit, machineId }) => `${unit} ${machineId}`));
        for (const { unit, machineId } of settled(snapshot).placements) {
          const closed = snapshot.cordoned?.has(machineId) || snapshot.draining?.has(machineId);
          expect(closed && !before.has(`${unit} ${machineId}`)).toBeFalsy();
        }
      }),
      runs,
    );
  });

  test('every active unit is placed or pending, and nothing else is', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const active = snapshot.units
          .filter(({ targetState }) => targetState !== 'inactive')
          .map(({ name }) => name);
        const placed = new Set(settled(snapshot).placements.map(({ unit }) => unit));
        const pending = schedule(snapshot).pending.map(({ unit }) => unit);
        expect([...placed, ...pending].sort()).toEqual(active.sort());
      }),
      runs,
    );
  });

  test('no requirement is broken', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const after = settled(snapshot);
        for (const machine of after.machines) {
          const there = unitsOn(after, machine);
          for (const { name, requirements, flotilla } of there) {
            const others = there.filter((unit) => unit.name !== name);
            const siblings = others.filter((unit) => templateOf(unit.name) === (templateOf(name) ?? ''));
            expect(siblings.length + 1).toBeLessThanOrEqual(flotilla.maxPerMachine ?? there.length);
            expect(flotilla.conditions.filter((condition) => !meets(machine.metadata, condition))).toEqual(
              [],
            );
            expect(missingMetadata(machine.metadata, requirements.metadata)).toBeUndefined();
            expect(matchesMachineId(machine.id, requirements.machineId ?? machine.id)).toBe(true);
            expect(there.map((unit) => unit.name)).toEqual(
              expect.arrayContaining([...requirements.machineOf]),
            );
            expect(others.filter((unit) => matchesAny(requirements.conflicts, unit.name))).toEqual([]);
          }
        }
      }),
      runs,
    );
  });

  test('a unit that is not global is on one machine only, a known one, with its file and state', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const after = settled(snapshot);
        for (const { name, requirements, hash, targetState } of after.units) {
          const places = after.placements.filter(({ unit }) => unit === name);
          if (!requirements.global) expect(places.length).toBeLessThanOrEqual(1);
          for (const place of places) expect(place).toMatchObject({ hash, targetState });
          const ids = after.machines.map(({ id }) => id);
          expect(ids).toEqual(expect.arrayContaining(places.map(({ machineId }) => machineId)));
        }
      }),
      runs,
    );
  });

  test('every decision and every pending unit has a reason, and removals come first', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const { decisions, pending, staying } = schedule(snapshot);
        const reasons = decisions.map((it) => (it.type === 'remove' ? it.reason : it.placement.reason));
        for (const reason of [...reasons, ...[...pending, ...staying].map((it) => it.reason)]) {
          expect(reason).toMatch(/^[A-Za-z0-9]/);
          expect(reason).not.toMatch(/undefined|before|no longer allowed here| {2}|; *$/);
        }
        const types = decisions.map(({ type }) => type);
        expect(types).toEqual([...types].sort().reverse());
      }),
      runs,
    );
  });
});

describe('minimal movement', () => {
  test('a new machine moves nothing', () => {
    fc.assert(
      fc.property(calmSnapshot, metadata, (snapshot, metadata) => {
        const before = settled(snapshot);
        const { decisions } = schedule({
          ...before,
          machines: [...before.machines, sampleMachine(7, metadata)],
        });
        expect(decisions.filter(({ type }) => type === 'remove')).toEqual([]);
      }),
      runs,
    );
  });

  test('a lost machine moves only the units it had', () => {
    fc.assert(
      fc.property(calmSnapshot, fc.nat(4), (snapshot, index) => {
        const before = settled(snapshot);
        const lost = before.machines[index];
        const { decisions } = schedule({ ...before, machines: before.machines.filter((it) => it !== lost) });
        const removed = decisions.filter(({ type }) => type === 'remove');
        for (const decision of removed) expect(decision).toMatchObject({ machineId: lost?.id });
      }),
      runs,
    );
  });
});
