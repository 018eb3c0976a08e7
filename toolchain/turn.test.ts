import { describe, expect, test } from '@jest/globals';
import { planTurn, rollingGroups } from './turn.ts';

const urn = (name: string, type = 'digitalocean:index/droplet:Droplet') =>
  `urn:pulumi:dev::flotilla::${type}::${name}`;
const machine = (name: string, generation: number, more: object = {}) => ({
  urn: urn(name),
  replacementTrigger: generation,
  ...more,
});
const exported = (...resources: object[]) => ({ version: 3, deployment: { resources } });
const worker = { name: 'worker', count: 3, generation: 2 };

describe('groups that are replaced one machine at a time', () => {
  test('are those with surge', () => {
    const machines = { core: { count: 3, etcd: true }, worker: { count: 3, generation: 2, surge: 1 } };
    expect(rollingGroups({ config: { 'flotilla:machines': machines } })).toEqual([{ ...worker, surge: 1 }]);
  });

  test.each([[undefined], [null], [{}], [{ config: null }], [{ config: { 'flotilla:machines': [] } }]])(
    '%j has none',
    (config) => expect(rollingGroups(config)).toEqual([]),
  );
});

describe('whose turn it is', () => {
  test('the first that lags has it, and all behind it keep their generation', () => {
    const state = exported(machine('worker-3', 1), machine('worker-2', 1), machine('worker-1', 2));
    expect(planTurn([worker], state)).toEqual({
      kept: { 'worker-3': 1 },
      says: ['worker: worker-2 is replaced in this run, one machine at a time; 1 of the group are left then'],
      left: 1,
    });
  });

  test('nobody, when all are of the generation, or nothing is there yet', () => {
    const none = { kept: {}, says: [], left: 0 };
    expect(planTurn([worker], exported(machine('worker-1', 2)))).toEqual(none);
    expect(planTurn([worker], { deployment: {} })).toEqual(none);
  });

  test.each([
    [
      'one that was replaced is still there',
      [machine('worker-1', 2), machine('worker-1', 1, { delete: true })],
    ],
    ['the count went down', [machine('worker-1', 2), machine('worker-4', 1)]],
  ])('nobody, while %s', (_, machines) => {
    const state = exported(...machines, machine('worker-2', 1), machine('worker-3', 1));
    expect(planTurn([worker], state)).toMatchObject({ kept: { 'worker-2': 1, 'worker-3': 1 }, left: 2 });
  });

  test('each group has its own', () => {
    const cache = { name: 'worker-cache', count: 2, generation: 5 };
    const state = exported(
      machine('worker-1', 1),
      machine('worker-2', 1),
      machine('worker-cache-1', 4),
      machine('worker-cache-2', 3),
    );
    expect(planTurn([worker, cache], state)).toMatchObject({ kept: { 'worker-2': 1, 'worker-cache-2': 3 } });
  });

  test('what is no machine does not count', () => {
    const key = { urn: urn('worker-1', 'flotilla:index:SshKey'), replacementTrigger: 1 };
    expect(planTurn([worker], exported(key, machine('workers-1', 1)))).toMatchObject({ left: 0 });
  });
});
