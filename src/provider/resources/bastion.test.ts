import { expect, test } from '@jest/globals';
import type { Connection, SshTarget } from '../../ssh/connection.ts';
import { ConnectionPool } from '../../ssh/pool.ts';
import { anyHandler } from '../handler.ts';
import type { AnyHandler, Context, Properties } from '../resource.ts';
import { etcdCluster } from './etcd-cluster.ts';
import { hostKey } from './host-key.ts';
import { unitSet } from './unit-set.ts';

const jumpBy = (address: string) => ({
  address,
  port: 22,
  user: 'jump',
  hostKey: `SHA256:${'a'.repeat(43)}`,
  inCluster: false,
});

const machineBehind = (address: string) => ({
  name: 'core-1',
  id: '1'.repeat(32),
  address: '10.0.0.5',
  host: '10.0.0.5',
  port: 22,
  user: 'core',
  hostKey: 'ssh-ed25519 AAAA',
  proxyJump: jumpBy(address),
  metadata: {},
  cpus: 1,
  memory: 1024,
  etcd: true,
});

const keys = { privateKey: 'the key', caCertificate: 'certificate', caPrivateKey: 'its key' };

const context: Context = {
  urn: 'urn:it',
  name: 'it',
  stack: 'dev',
  log: () => undefined,
  signal: new AbortController().signal,
};

/** Bastions through which a resource would have connected, while nothing answers. */
async function bastionsOf(
  make: (pool: ConnectionPool) => AnyHandler,
  use: (handler: AnyHandler) => Promise<unknown>,
): Promise<Set<string | undefined>> {
  const dialed: SshTarget[] = [];
  const pool = new ConnectionPool(async (target): Promise<Connection> => {
    dialed.push(target);
    throw new Error('no answer');
  });
  await expect(use(make(pool))).rejects.toThrow('no answer');
  return new Set(dialed.map(({ proxyJump }) => proxyJump?.address));
}

const one = machineBehind('203.0.113.9');
const unitInputs = (machine: Properties) => ({ machines: [machine], privateKey: 'the key', units: {} });

test.each<[string, (pool: ConnectionPool) => AnyHandler, Properties]>([
  [
    'first contact',
    (pool) => anyHandler(hostKey(pool)),
    {
      ...one,
      machine: 'core-1',
      oneTimeHostKey: 'ssh-ed25519 AAAA',
      incarnation: '1',
      privateKey: 'the key',
    },
  ],
  ['etcd', (pool) => anyHandler(etcdCluster(pool)), { members: [one], ...keys }],
  ['the units', (pool) => anyHandler(unitSet(pool)), unitInputs(one)],
])('%s: the machines are reached through their bastion', async (_, make, inputs) => {
  const bastions = await bastionsOf(make, (handler) => handler.create(inputs, context));
  expect(bastions).toEqual(new Set(['203.0.113.9']));
});

test('a preview goes through the bastion that the config names now: the one before may be gone', async () => {
  const old = { ...unitInputs(one), placements: {} };
  const wanted = unitInputs(machineBehind('203.0.113.10'));
  const preview = (handler: AnyHandler) => handler.preview(wanted, old, context);
  expect(await bastionsOf((pool) => anyHandler(unitSet(pool)), preview)).toEqual(new Set(['203.0.113.10']));
});
