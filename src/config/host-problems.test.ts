import { describe, expect, test } from '@jest/globals';
import { InvalidInput } from '../model/problem.ts';
import { parseConfig } from './parse.ts';

const key = (letter: string) => `SHA256:${letter.repeat(43)}`;
const host = (last: number, more: object = {}) => ({ address: `10.0.0.${last}`, hostKey: key('a'), ...more });
const core = { count: 1, etcd: true };

function problemsOf(machines: object, hosts: object | undefined): [string, string, string][] {
  const raw = {
    'flotilla:platform': 'hosts',
    'flotilla:machines': JSON.stringify(machines),
    ...(hosts ? { 'flotilla:hosts': JSON.stringify(hosts) } : {}),
  };
  try {
    parseConfig(raw);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.problems.map(({ path, problem, fix }) => [path, problem, fix]);
  }
}

test('hosts that are enough are accepted, and a longer list waits for a higher count', () => {
  expect(problemsOf({ core }, { machines: { core: [host(5), host(6)] } })).toEqual([]);
});

describe.each<[string, object, object | undefined, string, string]>([
  ['a group without a list', { core }, undefined, 'flotilla:hosts.machines.core', 'no host is known'],
  [
    'a shorter list',
    { core: { count: 3, etcd: true } },
    { machines: { core: [host(5)] } },
    'flotilla:hosts.machines.core',
    'names 1 hosts for a count of 3',
  ],
  [
    'a list of no group',
    { core },
    { machines: { core: [host(5)], wroker: [] } },
    'flotilla:hosts.machines.wroker',
    'there is no group wroker',
  ],
  [
    'the same host twice',
    { core, worker: { count: 1 } },
    { machines: { core: [host(5)], worker: [host(5)] } },
    'flotilla:hosts.machines.worker.0',
    'stands in flotilla:hosts.machines.core.0 already',
  ],
  [
    'the same host by two ways',
    { core, worker: { count: 1 } },
    { machines: { core: [host(5)], worker: [host(9, { clusterAddress: '10.0.0.5' })] } },
    'flotilla:hosts.machines.worker.0',
    'stands in flotilla:hosts.machines.core.0 already',
  ],
  [
    'a name without an address for the others',
    { core },
    { machines: { core: [host(5, { address: 'core-1.example.org' })] } },
    'flotilla:hosts.machines.core.0.address',
    'is no IPv4 address',
  ],
  [
    'a public address for the others',
    { core },
    { machines: { core: [host(5, { address: '8.8.8.8' })] } },
    'flotilla:hosts.machines.core.0.address',
    'private networks only',
  ],
  [
    'a host key of another kind',
    { core },
    { machines: { core: [host(5, { hostKey: 'ssh-rsa AAAAB3' })] } },
    'flotilla:hosts.machines.core.0.hostKey',
    'cannot be used',
  ],
  [
    'a generation',
    { core, worker: { count: 1, generation: 2 } },
    { machines: { core: [host(5)], worker: [host(6)] } },
    'flotilla:machines.worker.generation',
    'not replaced',
  ],
  [
    'one replacement at a time',
    { core: { ...core, surge: 1 } },
    { machines: { core: [host(5)] } },
    'flotilla:machines.core.surge',
    'not replaced',
  ],
  [
    'published ports',
    { core: { ...core, publish: { 8080: 80 } } },
    { machines: { core: [host(5)] } },
    'flotilla:machines.core.publish',
    'lead ports',
  ],
  [
    'a key itself in place of its path',
    { core },
    { identityFile: '-----BEGIN OPENSSH PRIVATE KEY-----', machines: { core: [host(5)] } },
    'flotilla:hosts.identityFile',
    'cannot be used',
  ],
])('%s', (_what, machines, hosts, path, problem) => {
  test('is refused with its path and a fix', () => {
    expect(problemsOf(machines, hosts)).toEqual([
      [path, expect.stringContaining(problem), expect.stringMatching(/.{5}/)],
    ]);
  });
});
