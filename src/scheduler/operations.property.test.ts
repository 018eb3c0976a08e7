import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anySnapshot, settled } from '../../test/arbitrary/snapshot.ts';
import { explainMachines } from './explain-machines.ts';
import { sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { schedule } from './schedule.ts';

const runs = { numRuns: 400 };

test('what the machines say agrees with the schedule', () => {
  fc.assert(
    fc.property(anySnapshot, (snapshot) => {
      const after = settled(snapshot);
      for (const { unit } of schedule(after).pending) {
        for (const { reason, fits } of explainMachines(after, unit))
          expect([reason, fits]).toEqual([reason, false]);
      }
      for (const { unit, machineId } of after.placements) {
        const answers = explainMachines(after, unit);
        expect(answers.find((answer) => answer.machineId === machineId)).toMatchObject({ fits: true });
        expect(answers).toHaveLength(after.machines.length);
        for (const { reason } of answers) expect(reason).not.toMatch(/undefined| {2}/);
      }
    }),
    runs,
  );
});

test('a draining machine ends up empty when the others take anything', () => {
  const line = fc.constantFrom('', 'Weight=5', 'MachineMetadata=gpu!=yes', 'Spread=zone\nMaxUnavailable=2');
  const unit = fc
    .tuple(fc.integer({ min: 1, max: 9 }), line)
    .map(([i, line]) => sampleUnit(`web@${i}.service`, `[X-Flotilla]\n${line}`));
  const side = fc
    .integer({ min: 1, max: 9 })
    .map((i) => sampleUnit(`log@${i}.service`, `MachineOf=web@${i}.service`));
  const units = fc.uniqueArray(fc.oneof(unit, side), { selector: ({ name }) => name });
  fc.assert(
    fc.property(units, fc.integer({ min: 2, max: 4 }), (units, count) => {
      const machines = Array.from({ length: count }, (_, i) => sampleMachine(i + 1, { zone: `z${i % 2}` }));
      const placements = units.map(({ name }) => samplePlacement(name, 1));
      const [first = ''] = machines.map(({ id }) => id);
      const after = settled({ machines, units, placements, draining: new Set([first]) });
      expect(after.placements.filter(({ machineId }) => machineId === first)).toEqual([]);
      const waiting = schedule(after).pending.length;
      expect(after.placements).toHaveLength(units.length - waiting);
    }),
    runs,
  );
});
