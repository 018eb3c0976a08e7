import { expect, test } from '@jest/globals';
import { unknownValue } from './resource.ts';
import { sketchOperations, sketchPlacements } from './sketch.ts';

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

test('what changes is told by the state', () => {
  const loaded = { ...unit(), targetState: 'loaded' } as const;
  const old = { 'a.service': loaded, 'b.service': loaded, 'gone.service': loaded };
  const inputs = {
    machines: [machine('core-1')],
    units: { 'a.service': unit('Global=true'), 'b.service': loaded, 'new.service': unit() },
  };
  expect(sketchOperations(inputs, old).map(({ type, unit }) => `${type} ${unit}`)).toEqual([
    'update a.service',
    'start a.service',
    'create new.service',
    'destroy gone.service',
  ]);
});
