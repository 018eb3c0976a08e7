import { expect, test } from '@jest/globals';
import { sampleMachine, sampleUnit } from './sample.ts';
import { schedule } from './schedule.ts';

/**
 * Milliseconds of processor time, which others on this computer don't take away: ten times what it takes, so that only
 * a change of order (units × machines × units) fails it.
 */
const limit = 4000;

const machines = Array.from({ length: 1000 }, (_, i) => sampleMachine(i, { zone: `z${i % 5}` }));
const options = ['Conflicts=%p@*.service', 'MachineMetadata=zone=z1', '', 'MachineOf=base.service'];

test.each([
  ['mixed', (i: number) => sampleUnit(`u${i % 500}@${i}.service`, options[i % options.length])],
  ['all in conflict', (i: number) => sampleUnit(`web@${i}.service`, 'Conflicts=%p@*.service')],
  ['nowhere to go', (i: number) => sampleUnit(`u${i}.service`, 'MachineMetadata=zone=none')],
  ['replacing', (i: number) => sampleUnit(`u${i}.service`, i % 2 === 0 ? '' : `Replaces=u${i - 1}.service`)],
  [
    'spread',
    (i: number) => sampleUnit(`u${i % 50}@${i}.service`, '[X-Flotilla]\nSpread=zone\nMaxPerMachine=3'),
  ],
])('10,000 units on 1,000 machines: %s', (_, unit) => {
  const units = [sampleUnit('base.service'), ...Array.from({ length: 10_000 }, (_, i) => unit(i))];
  const start = process.cpuUsage();
  const { decisions, pending } = schedule({ machines, units, placements: [] });
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(limit);
  expect(decisions.length + pending.length).toBe(units.length);
});
