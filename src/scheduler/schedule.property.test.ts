import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Machine } from '../model/machine.ts';
import { targetStates } from '../model/unit.ts';
import { checkOptions } from '../unit/check-options.ts';
import { compileGlob, matchesGlob } from '../unit/glob.ts';
import { parseUnit } from '../unit/parse.ts';
import { matchesMachineId, missingMetadata } from './match.ts';
import { applied, sampleMachine, sampleUnit } from './sample.ts';
import { schedule } from './schedule.ts';
import type { Snapshot, WantedUnit } from './snapshot.ts';

const names = [
  'a.service',
  'b.service',
  'c.service',
  'd.timer',
  'web@1.service',
  'web@2.service',
  'web@3.service',
  'db@1.service',
];
const name = fc.constantFrom(...names);
const metadata = fc.record(
  { disk: fc.constantFrom('ssd', 'hdd'), zone: fc.constantFrom('a', 'b') },
  { requiredKeys: [] },
);
const glob = fc.oneof(name, fc.constantFrom('web@*.service', '*.timer', '[ab].service', '*'));

const free = [
  glob.map((value) => `Conflicts=${value}`),
  name.map((value) => `MachineOf=${value}`),
  fc.constantFrom(
    'MachineMetadata=disk=ssd',
    'MachineMetadata="zone=a" "zone=b"',
    'Global=true',
    'MachineID=00000002',
    '',
  ),
];
const replaces = glob.map((value) => `Replaces=${value}`);

/** Units as they pass `checkOptions`: combinations it refuses never reach the scheduler. */
const unitWith = (options: readonly fc.Arbitrary<string>[]) =>
  fc
    .tuple(name, fc.array(fc.oneof(...options), { maxLength: 3 }))
    .filter(
      ([name, lines]) => checkOptions(name, parseUnit(`[X-Fleet]\n${lines.join('\n')}`).options).length === 0,
    )
    .chain(([name, lines]) =>
      fc
        .tuple(fc.constantFrom('v1', 'v2'), fc.constantFrom(...targetStates, 'launched' as const))
        .map(([hash, state]) => sampleUnit(name, lines.join('\n'), hash, state)),
    );

const placement = fc.record({
  unit: fc.oneof(name, fc.constant('gone.service')),
  machineId: fc.integer({ min: 1, max: 6 }).map((number) => sampleMachine(number).id),
  hash: fc.constantFrom('v1', 'v2'),
  targetState: fc.constantFrom(...targetStates),
  reason: fc.constant('before'),
});

const snapshotWith = (options: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Snapshot> =>
  fc.record({
    machines: fc.uniqueArray(
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), metadata)
        .map(([number, metadata]) => sampleMachine(number, metadata)),
      { selector: ({ id }) => id },
    ),
    units: fc.uniqueArray(unitWith(options), { selector: ({ name }) => name }),
    placements: fc.uniqueArray(placement, { selector: ({ unit, machineId }) => unit + machineId }),
  });

const anySnapshot = snapshotWith([...free, replaces]);
const runs = { numRuns: 1000 };

/** The snapshot once its schedule was carried out. */
const settled = (snapshot: Snapshot) => applied(snapshot, schedule(snapshot));

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
      fc.property(shuffled, ([one, other]) => expect(schedule(other)).toEqual(schedule(one))),
      runs,
    );
  });

  test('carried out once, nothing is left to do', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const again = schedule(settled(snapshot));
        expect(again.decisions).toEqual([]);
        expect(again.pending.map(({ unit }) => unit)).toEqual(
          schedule(snapshot).pending.map(({ unit }) => unit),
        );
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
          for (const { name, requirements } of there) {
            const others = there.filter((unit) => unit.name !== name);
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
        const { decisions, pending } = schedule(snapshot);
        const reasons = decisions.map((it) => (it.type === 'remove' ? it.reason : it.placement.reason));
        for (const reason of [...reasons, ...pending.map((it) => it.reason)]) {
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
      fc.property(snapshotWith(free), metadata, (snapshot, metadata) => {
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
      fc.property(snapshotWith(free), fc.nat(4), (snapshot, index) => {
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
