import { beforeEach, describe, expect, test } from '@jest/globals';
import { ConnectionPool } from '../../ssh/pool.ts';
import { diffProperties } from '../diff.ts';
import { anyHandler } from '../handler.ts';
import { type Context, type Properties, unknownValue } from '../resource.ts';
import { etcdCluster } from './etcd-cluster.ts';

const handler = anyHandler(etcdCluster(new ConnectionPool()));
const context: Context = {
  urn: 'urn:etcd',
  name: 'etcd',
  stack: 'local',
  log: () => undefined,
  signal: new AbortController().signal,
};

function member(index: number, id = `${index}`.repeat(32)): Properties {
  return {
    name: `core-${index}`,
    id,
    address: `10.77.12.1${index}`,
    host: '127.0.0.1',
    port: 2200 + index,
    user: 'core',
    hostKey: 'ssh-ed25519 AAAA',
    metadata: {},
    cpus: 1,
    memory: 1024,
    etcd: true,
  };
}

function inputs(...members: Properties[]): Properties {
  return { members, privateKey: 'LOGIN', caCertificate: 'CA', caPrivateKey: 'CA KEY' };
}

const endpoints = ['https://10.77.12.11:2379'];
const three = inputs(member(1), member(2), member(3));
const old = { ...three, endpoints, clusterId: 'cafe', health: { 'core-1': 'healthy' } };
const preview = (wanted: Properties) => handler.preview(wanted, old, context);

describe('preview', () => {
  test('the same members keep what is known of them', async () => {
    expect(await preview(three)).toMatchObject({ endpoints, clusterId: 'cafe' });
  });

  test('a first cluster knows nothing yet', async () => {
    const fresh = inputs(member(1, unknownValue));
    expect(await handler.preview(fresh, undefined, context)).toMatchObject({ endpoints: unknownValue });
  });

  test('fewer members are refused', async () => {
    await expect(preview(inputs(member(1)))).rejects.toThrow('the etcd members cannot change yet');
  });

  test('more members are refused although nobody knows their ids yet', async () => {
    const more = inputs(member(1), member(2), member(3), member(4, unknownValue));
    await expect(preview(more)).rejects.toThrow('the config asks for core-1 (10.77.12.11)');
  });

  test('more members whose addresses nobody knows yet are refused in words', async () => {
    const fourth = { ...member(4, unknownValue), address: unknownValue };
    await expect(preview(inputs(member(1), member(2), member(3), fourth))).rejects.toThrow(
      'core-4 (an address yet unknown)',
    );
  });

  test('a member on a new machine is refused by name', async () => {
    const replaced = inputs(member(1), member(2, unknownValue), member(3));
    await expect(preview(replaced)).rejects.toThrow('core-2 would be replaced');
  });

  test('a way to reach a member that is not known yet is no other member', async () => {
    const moved = inputs({ ...member(1), port: unknownValue }, member(2), member(3));
    expect(await preview(moved)).toMatchObject({ endpoints, clusterId: 'cafe' });
  });

  test('nor is an address that its cloud has yet to say, unless the machine is another one too', async () => {
    const later = inputs({ ...member(1), address: unknownValue }, member(2), member(3));
    expect(await preview(later)).toMatchObject({ endpoints, clusterId: 'cafe' });
    const other = inputs({ ...member(1, unknownValue), address: unknownValue }, member(2), member(3));
    await expect(preview(other)).rejects.toThrow(/^core-1 would be replaced/);
  });
});

test('whether CPUs are emulated is new to the state of an earlier version, once', async () => {
  const wanted = { ...three, emulated: true };
  const diff = (inputs: Properties, outputs: Properties) =>
    diffProperties(handler, { inputs, outputs }, wanted, []);
  expect(diff(three, old)).toEqual({ emulated: { kind: 'add', replace: false } });
  const outputs = await preview(wanted);
  expect(outputs).toMatchObject({ emulated: true, endpoints, clusterId: 'cafe' });
  expect(diff(wanted, outputs)).toEqual({});
});

describe('the first preview of a cluster whose systems have too old an etcd', () => {
  const lines: string[] = [];
  const asked: string[] = [];
  const told = { ...context, log: (line: string) => void lines.push(line) };
  const cluster = (fails = false) =>
    anyHandler(
      etcdCluster(new ConnectionPool(), async ({ name }) => {
        asked.push(name);
        if (fails) throw new Error('the archive is away');
        return Buffer.from(name);
      }),
    );
  beforeEach(() => {
    lines.splice(0);
    asked.splice(0);
  });
  const mixed = inputs({ ...member(1), os: 'debian-12' }, { ...member(2), os: 'debian-13' });

  test('says what is going to be sent, and gets it', async () => {
    await cluster().preview(mixed, undefined, told);
    expect(lines).toEqual([
      'send etcd 3.5.16-4 and etcdctl 3.5.16-4 to core-1, into /usr/local/lib/flotilla: those of debian-12 are too old',
    ]);
    expect(asked).toEqual(['etcd', 'etcdctl']);
  });

  test('does so before the machines are there, and passes over those that nothing is known of', async () => {
    const sketched = inputs(
      { ...member(1, unknownValue), os: 'ubuntu-24.04' },
      { ...member(2, unknownValue), os: unknownValue },
    );
    await cluster().preview(sketched, undefined, told);
    expect(lines).toEqual([expect.stringMatching(/to core-1, .* ubuntu-24\.04/)]);
  });

  test('says that Flatcar has none, where it goes', async () => {
    await cluster().preview(inputs({ ...member(1), os: 'flatcar' }), undefined, told);
    expect(lines).toEqual([expect.stringMatching(/to core-1, into \/opt\/flotilla: Flatcar has none$/)]);
  });

  test('says what cannot be had, while there is nothing yet that would have to wait for it', async () => {
    await cluster(true).preview(mixed, undefined, told);
    expect(lines).toContain('up will need what cannot be had now: the archive is away');
  });

  test('is silent where each has its own, and where the cluster is there already', async () => {
    await cluster().preview(three, undefined, told);
    await cluster().preview({ ...old, ...mixed, members: three.members }, old, told);
    expect([lines, asked]).toEqual([[], []]);
  });
});

describe('drift', () => {
  test('is none while all members are healthy', () => {
    expect(handler.drift(old)).toEqual({});
  });

  test('names health when a member is not', () => {
    expect(handler.drift({ ...old, health: { 'core-1': 'no answer' } })).toEqual({
      health: 'not all members are healthy',
    });
  });
});
