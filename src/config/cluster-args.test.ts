import { expect, test } from '@jest/globals';
import { parseClusterArgs } from './cluster-args.ts';

const core = { count: 1, etcd: true };

test('a program has what a stack config has', () => {
  expect(parseClusterArgs({ machines: { core } })).toMatchObject({ platform: 'local', units: [] });
});

test('one replacement at a time is refused, as a program does not read the state', () => {
  const machines = { core, worker: { count: 2, ...JSON.parse('{"surge": 1}') } };
  expect(() => parseClusterArgs({ machines })).toThrow(
    /flotilla:machines\.worker\.surge[\s\S]*for stacks of a clone[\s\S]*make more groups/,
  );
});
