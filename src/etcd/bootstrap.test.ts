import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { inspectCertificate } from '../pki/inspect.ts';
import { ConnectionLostError } from '../ssh/errors.ts';
import { programName } from '../ssh/script.ts';
import { type BootstrapOptions, bootstrapEtcd, inspectEtcd } from './bootstrap.ts';
import type { EtcdCluster } from './cluster.ts';
import { FakeEtcd } from './fake-etcd.ts';
import { fileNames } from './files.ts';
import { etcdTimings } from './timing.ts';

let authority: Authority;
let csr: string;

beforeAll(async () => {
  authority = await createAuthority({ name: 'flotilla test' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/dev/null'];
  csr = execFileSync('openssl', ['req', '-new', ...key, '-subj', '/CN=evil'], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
});

function cluster(count = 3, generation = 1): EtcdCluster {
  const members = Array.from({ length: count }, (_, i) => ({
    name: `core-${i + 1}`,
    address: `10.77.0.${11 + i}`,
  }));
  return { name: 'dev', generation, members, timing: etcdTimings.emulated };
}

function setUp(wanted = cluster()) {
  const etcd = new FakeEtcd(
    wanted.members.map(({ name }) => name),
    () => csr,
  );
  const log: string[] = [];
  const options: BootstrapOptions = {
    cluster: wanted,
    authority,
    bootstrapped: false,
    connect: async ({ name }) => etcd.machine(name).connect(),
    log: (line) => log.push(line),
  };
  return { etcd, log, options };
}

function commands(etcd: FakeEtcd, name: string): readonly string[] {
  return etcd.machine(name).commands.map(programName);
}

function environmentOf(etcd: FakeEtcd, name: string): string {
  return etcd.members.get(name)?.files.get(fileNames.environment) ?? '';
}

const wholeWay = ['flotilla-etcd-facts', 'flotilla-csr', 'flotilla-etcd-found', 'flotilla-etcd-mark'];

describe('bootstrapEtcd', () => {
  test('three members in four round trips, and one when all is done', async () => {
    const { etcd, options, log } = setUp();
    const result = await bootstrapEtcd(options);
    expect(result.clusterId).toBe(17237436991929493444n.toString(16));
    expect(result.members).toEqual([
      { name: 'core-1', id: 'fffffffffffff9b0', clientUrl: 'https://10.77.0.11:2379' },
      { name: 'core-2', id: 'fffffffffffff9b1', clientUrl: 'https://10.77.0.12:2379' },
      { name: 'core-3', id: 'fffffffffffff9b2', clientUrl: 'https://10.77.0.13:2379' },
    ]);
    expect(commands(etcd, 'core-2')).toEqual(wholeWay);
    expect(log[0]).toBe('etcd: preparing core-1, core-2, core-3: generation 1 was never complete');
    await bootstrapEtcd({ ...options, bootstrapped: true });
    expect(commands(etcd, 'core-2')).toEqual([...wholeWay, 'flotilla-etcd-facts']);
  });

  test('one member alone', async () => {
    const { options } = setUp(cluster(1));
    expect((await bootstrapEtcd(options)).members).toHaveLength(1);
  });

  test('certificates carry the member’s names, whatever the request asked for', async () => {
    const { etcd, options } = setUp();
    await bootstrapEtcd(options);
    const files = etcd.members.get('core-2')?.files;
    const member = inspectCertificate(files?.get('etcd.crt') ?? '');
    expect(member.commonName).toBe('flotilla-etcd');
    expect(member.addresses).toEqual(['10.77.0.12', '127.0.0.1']);
    expect(inspectCertificate(files?.get('etcdctl.crt') ?? '').commonName).toBe('root');
    expect(files?.get('ca.crt')).toBe(authority.certificate);
  });

  test('etcd’s environment comes with the machine’s address and the cluster’s timers', async () => {
    const { etcd, options } = setUp();
    await bootstrapEtcd(options);
    expect(environmentOf(etcd, 'core-2')).toContain('ETCD_ADVERTISE_CLIENT_URLS=https://10.77.0.12:2379\n');
    expect(environmentOf(etcd, 'core-2')).toContain('ETCD_HEARTBEAT_INTERVAL=600\n');
    expect(environmentOf(etcd, 'core-2')).toContain('ETCD_EXPERIMENTAL_WARNING_APPLY_DURATION=3000ms\n');
  });

  test('a member that was cut off before its first start gets the environment that is wanted now', async () => {
    const { etcd, options } = setUp();
    etcd.members.get('core-2')?.files.set(fileNames.environment, 'ETCD_NAME=old\n');
    await bootstrapEtcd(options);
    expect(environmentOf(etcd, 'core-2')).toContain('ETCD_NAME=core-2\n');
  });

  test('one with data keeps its environment when its certificate is made anew', async () => {
    const { etcd, options } = setUp();
    await bootstrapEtcd(options);
    const files = etcd.members.get('core-2')?.files;
    const before = environmentOf(etcd, 'core-2');
    files?.delete('etcd.crt');
    await bootstrapEtcd({ ...options, cluster: { ...cluster(), timing: etcdTimings.standard } });
    expect(files?.get('etcd.crt')).toContain('BEGIN CERTIFICATE');
    expect(environmentOf(etcd, 'core-2')).toBe(before);
  });

  test('an environment that got lost is written again', async () => {
    const { etcd, options, log } = setUp();
    await bootstrapEtcd(options);
    etcd.members.get('core-2')?.files.delete(fileNames.environment);
    await bootstrapEtcd({ ...options, bootstrapped: true });
    expect(environmentOf(etcd, 'core-2')).toContain('ETCD_NAME=core-2\n');
    expect(log.at(-1)).toBe(
      'etcd: preparing core-2: environment, certificate or member list is missing or out of date',
    );
  });

  const cuts = ['core-1', 'core-2', 'core-3'].flatMap((name) =>
    wholeWay.flatMap((program, command) =>
      (['before', 'after'] as const).map((when) => ({ name, program, command, when })),
    ),
  );

  test.each(cuts)('cut off $when $program on $name, then run again', async ({ name, command, when }) => {
    const { etcd, options } = setUp();
    etcd.machine(name).cut = { command, when };
    await expect(bootstrapEtcd(options)).rejects.toBeInstanceOf(ConnectionLostError);
    const founded = new Map([...etcd.members].map(([key, { data }]) => [key, data]));
    expect((await bootstrapEtcd(options)).members).toHaveLength(3);
    for (const [key, { data, files }] of etcd.members) {
      expect(files.get('etcd-bootstrapped')).toBe('flotilla-dev-1');
      expect(founded.get(key) ?? data).toBe(data);
    }
  });

  test('a member that stopped is started and nothing else is touched', async () => {
    const { etcd, options } = setUp();
    await bootstrapEtcd(options);
    etcd.stop('core-3');
    await bootstrapEtcd({ ...options, bootstrapped: true });
    expect(commands(etcd, 'core-3').slice(wholeWay.length)).toEqual([
      'flotilla-etcd-facts',
      'flotilla-etcd-start',
    ]);
    expect(commands(etcd, 'core-1').slice(wholeWay.length)).toEqual(['flotilla-etcd-facts']);
  });

  test('a replaced machine is never founded into a second cluster', async () => {
    const { etcd, options } = setUp();
    await bootstrapEtcd(options);
    etcd.add('core-1');
    etcd.add('core-2');
    etcd.stop('core-3');
    const again = bootstrapEtcd(options);
    await expect(again).rejects.toThrow(/core-1, core-2 lost etcd's data while core-3 kept it.*generation 2/);
    expect(commands(etcd, 'core-1')).toEqual(['flotilla-etcd-facts']);
  });

  test('a member that keeps failing ends the wait with its journal', async () => {
    const { etcd, options } = setUp();
    etcd.broken.add('core-1').add('core-2');
    await expect(bootstrapEtcd(options)).rejects.toThrow(
      /core-1 is inactive after 5 restarts; its journal ends\n {2}core-1 says why[\s\S]*`npm run up` goes on from here$/,
    );
  });

  test('the deadline names who is missing', async () => {
    const { etcd, options } = setUp();
    etcd.broken.add('core-3');
    await expect(bootstrapEtcd({ ...options, deadline: 0 })).rejects.toThrow(
      /did not become healthy within 0 s: [\s\S]*core-3 is inactive after 1 restarts[\s\S]*\n.*`npm run up` goes on/,
    );
  });

  test('a failing command is named with its machine and what it said', async () => {
    const { etcd, options } = setUp();
    etcd
      .machine('core-2')
      .programs.set('flotilla-csr', () => ({ status: 127, stderr: 'openssl: not found\n' }));
    await expect(bootstrapEtcd(options)).rejects.toThrow(
      /^flotilla-csr on core-2 ended with status 127: openssl: not found\. .*`npm run up` goes on from here$/,
    );
  });

  test('a step that changes nothing is not tried for ever', async () => {
    const { etcd, options } = setUp();
    etcd.machine('core-2').programs.set('flotilla-etcd-found', () => ({ stdout: 'ActiveState=inactive\n' }));
    await expect(bootstrapEtcd(options)).rejects.toThrow(
      /^etcd: preparing core-2 had no effect, still: .*disk.*`npm run up`/,
    );
  });

  test('looking changes nothing', async () => {
    const { etcd, options } = setUp();
    const facts = await inspectEtcd(options);
    expect(facts.map(({ name, healthy, hasData }) => ({ name, healthy, hasData }))).toEqual(
      ['core-1', 'core-2', 'core-3'].map((name) => ({ name, healthy: false, hasData: false })),
    );
    expect(commands(etcd, 'core-1')).toEqual(['flotilla-etcd-facts']);
  });
});
