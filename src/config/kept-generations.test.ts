import { expect, test } from '@jest/globals';
import { InvalidInput } from '../model/problem.ts';
import { keptGenerations, keptGenerationsVariable } from './kept-generations.ts';
import { stackSchema } from './schema.ts';

const spec = (worker: object) =>
  stackSchema.parse({ machines: { core: { count: 1, etcd: true }, worker: { count: 2, ...worker } } });

test('without surge nobody has to say anything', () => {
  expect(keptGenerations(spec({}), {})).toEqual({});
});

test('who keeps its generation is read from the environment', () => {
  const environment = { [keptGenerationsVariable]: '{"worker-2":1}' };
  expect(keptGenerations(spec({ surge: 1 }), environment)).toEqual({ 'worker-2': 1 });
});

test('with surge, a Pulumi that was started by somebody else is refused', () => {
  expect(() => keptGenerations(spec({ surge: 1 }), {})).toThrow(InvalidInput);
  expect(() => keptGenerations(spec({ surge: 1 }), {})).toThrow(
    /flotilla:machines\.worker\.surge[\s\S]*npm run up/,
  );
});
