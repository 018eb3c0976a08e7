import { expect, test } from '@jest/globals';
import { unknownValue } from './resource.ts';
import { sketchPlacements } from './sketch.ts';

const machine = (name: string, role = 'core') => ({
  name,
  id: unknownValue,
  host: unknownValue,
  address: '10.77.0.11',
  metadata: { role },
  cpus: 1,
  memory: 1024,
});
const unit = (options = '') => ({
  contents: `[Service]\nExecStart=/bin/true\n${options && `[X-Fleet]\n${options}\n`}`,
  targetState: 'launched',
});

test('places by the plan alone, with a reason for each unit', () => {
  const inputs = {
    machines: [machine('core-1'), machine('core-2'), machine('worker-1', 'worker')],
    units: {
      'everywhere.service': unit('Global=true'),
      'job.service': unit('MachineMetadata=role=worker'),
      'lost.service': unit('MachineMetadata=role=moon'),
    },
  };
  const { placements, moves } = sketchPlacements(inputs, {});
  expect(placements).toEqual({
    'everywhere.service': ['core-1', 'core-2', 'worker-1'],
    'job.service': ['worker-1'],
  });
  expect(moves).toContainEqual(expect.stringMatching(/^job\.service → worker-1: /));
  expect(moves).toContainEqual(expect.stringMatching(/^lost\.service stays pending: .*role=moon/));
});

test('units that have a place keep it; a new machine gets global ones only', () => {
  const inputs = {
    machines: [machine('core-1'), machine('worker-1')],
    units: { 'a.service': unit(), 'b.service': unit(), 'everywhere.service': unit('Global=true') },
  };
  const old = { 'a.service': ['core-1'], 'b.service': ['core-1'], 'everywhere.service': ['core-1'] };
  const { placements, moves } = sketchPlacements(inputs, old);
  expect(placements).toEqual({ ...old, 'everywhere.service': ['core-1', 'worker-1'] });
  expect(moves).toHaveLength(1);
});
