import { expect, test } from '@jest/globals';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { generateSshKey } from '../ssh/key-pair.ts';
import { fingerprint, publicKeyBlob } from '../ssh/public-key.ts';
import { parseConfig } from './parse.ts';

const key = (letter: string) => `SHA256:${letter.repeat(43)}`;

function problemsOf(bastion: object, host: object): readonly Problem[] {
  const config = {
    machines: { core: { count: 1, etcd: true } },
    hosts: { machines: { core: [{ address: '10.0.0.5', hostKey: key('a'), ...host }] } },
    proxyJump: { address: '10.0.0.5', user: 'jump', hostKey: key('a'), ...bastion },
  };
  const texts = Object.entries(config).map(([name, value]) => [`flotilla:${name}`, JSON.stringify(value)]);
  try {
    parseConfig({ 'flotilla:platform': 'hosts', ...Object.fromEntries(texts) });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.problems;
  }
}

test('a bastion that is one of the hosts with another host key is refused, with both places', () => {
  expect(problemsOf({ hostKey: key('b') }, {})).toEqual([
    {
      path: 'flotilla:proxyJump.hostKey',
      problem:
        `${key('b')} is another host key than that of flotilla:hosts.machines.core.0.hostKey, ${key('a')}, ` +
        'and both are for 10.0.0.5:22',
      fix: expect.stringContaining('write the right one into both'),
    },
  ]);
});

test('one key named by its line here and by its fingerprint there is one key', () => {
  const { publicKey } = generateSshKey('host');
  const pinned = { hostKey: fingerprint(publicKeyBlob(publicKey)) };
  expect(problemsOf({ hostKey: publicKey }, pinned)).toEqual([]);
  expect(problemsOf(pinned, { hostKey: publicKey })).toEqual([]);
  expect(problemsOf({ hostKey: publicKey }, {})).toHaveLength(1);
});

test.each([
  ['port', { port: 2222 }],
  ['address', { address: '10.0.0.6' }],
])('another %s is another machine, with a key of its own', (_, bastion) => {
  expect(problemsOf({ hostKey: key('b'), ...bastion }, {})).toEqual([]);
});
