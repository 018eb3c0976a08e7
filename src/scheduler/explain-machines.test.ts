import { expect, test } from '@jest/globals';
import { explainMachines } from './explain-machines.ts';
import { sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { schedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

const three = [sampleMachine(1, { disk: 'ssd' }), sampleMachine(2, { disk: 'ssd' }), sampleMachine(3)];
const ids = (...numbers: number[]) => new Set(numbers.map((number) => sampleMachine(number).id));

function answers(unit: string, snapshot: Omit<Snapshot, 'machines'>): string[] {
  return explainMachines({ machines: three, ...snapshot }, unit).map(
    ({ fits, reason }) => `${fits ? 'yes' : 'no'}: ${reason}`,
  );
}

test('each machine says what it has, could take, or has against it', () => {
  const units = [
    sampleUnit('a.service', 'MachineMetadata=disk=ssd\nConflicts=x.service'),
    sampleUnit('x.service'),
  ];
  expect(answers('a.service', { units, placements: [samplePlacement('a.service', 1)] })).toEqual([
    'yes: is here: before',
    'no: conflicts with x.service on core-2',
    'no: core-3 has no metadata disk=ssd',
  ]);
  expect(answers('x.service', { units, placements: [samplePlacement('a.service', 2)] })).toEqual([
    'yes: is about to come here',
    'no: conflicts with a.service on core-2',
    'yes: could take it (0 units here now)',
  ]);
});

test('cordons, drains and failures are told', () => {
  const units = [sampleUnit('a.service')];
  const placements = [samplePlacement('a.service', 1)];
  const draining = ids(1);
  expect(answers('a.service', { units, placements, draining, cordoned: ids(2, 3) })).toEqual([
    'yes: is here, but should leave: core-1 is draining; core-2, core-3 are cordoned',
    'no: core-2 is cordoned',
    'no: core-3 is cordoned',
  ]);
  expect(answers('a.service', { units, placements, avoid: new Map([['a.service', ids(2)]]) })[1]).toBe(
    'yes: could take it (0 units here now), but it failed here before',
  );
});

test('a machine says what it says in the reason of a unit that is pending or stays', () => {
  const conflicting = [sampleUnit('a.service', 'Conflicts=x.service'), sampleUnit('x.service')];
  const placements = [samplePlacement('x.service', 1)];
  const closed = { units: conflicting, placements, cordoned: ids(1, 2, 3) };
  expect(answers('a.service', closed)).toEqual([
    'no: conflicts with x.service on core-1',
    'no: core-2 is cordoned',
    'no: core-3 is cordoned',
  ]);
  const { pending } = schedule({ machines: three, ...closed });
  expect(pending).toEqual([
    { unit: 'a.service', reason: 'conflicts with x.service on core-1; core-2, core-3 are cordoned' },
  ]);
  const replacing = [sampleUnit('a.service', 'Replaces=b.service'), sampleUnit('b.service')];
  const both = [samplePlacement('a.service', 1), samplePlacement('b.service', 2)];
  const drained = { units: replacing, placements: both, draining: ids(1), cordoned: ids(3) };
  expect(answers('a.service', drained)).toEqual([
    'yes: is here, but should leave: core-1 is draining; would push away b.service on core-2; core-3 is cordoned',
    'no: would push away b.service on core-2',
    'no: core-3 is cordoned',
  ]);
});

test('an inactive unit is answered as if it were loaded, an unknown one not at all', () => {
  const units = [sampleUnit('a.service', 'MachineID=00000002', 'v1', 'inactive')];
  expect(answers('a.service', { units, placements: [] })).toEqual([
    'no: MachineID=00000002 is not core-1',
    'yes: is about to come here',
    'no: MachineID=00000002 is not core-3',
  ]);
  expect(answers('b.service', { units, placements: [] })).toEqual([]);
});
