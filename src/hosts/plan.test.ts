import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Connection } from '../ssh/connection.ts';
import { FakeHost } from './fake-host.ts';
import { bareHost, type FakeFile, type FakeHostState } from './fake-host-state.ts';
import { applyToHost, readHost, removeFromHost } from './perform.ts';
import { planHost, sayHostOperation } from './plan.ts';
import { environmentPath, environmentWith, sudoersPath, type WantedHost } from './wanted.ts';

const wanted: WantedHost = {
  packages: ['docker.io', 'openssl', 'sudo'],
  groups: ['flotilla'],
  user: { name: 'core', groups: ['docker', 'flotilla', 'systemd-journal'] },
  files: [
    {
      path: environmentPath,
      contents: 'COREOS_PRIVATE_IPV4=10.0.0.5\nFLOTILLA_MACHINE=core-1\n',
      mode: '0644',
    },
    { path: '/etc/systemd/system/docker.service.d/startup.conf', contents: '[Service]\n', mode: '0644' },
    { path: '/etc/systemd/system/etcd.service', contents: '[Unit]\nConditionPathExists=/x\n', mode: '0644' },
    { path: sudoersPath, contents: 'core ALL=(ALL) NOPASSWD:ALL\n', mode: '0440' },
  ],
  units: [
    { name: 'docker.service', waits: false },
    { name: 'etcd.service', waits: true },
  ],
};

const owner = { cluster: 'dev', machine: 'core-1', owner: 'ssh-ed25519 AAAAlogin flotilla-dev' };
const options = { log: () => undefined };

const lines = fc.array(
  fc.constantFrom(
    'LANG=C',
    '# a comment',
    '',
    'FLOTILLA_MACHINE=mine',
    'PATH=/usr/bin',
    'COREOS_PUBLIC_IPV4=1.2.3.4',
  ),
  { maxLength: 5 },
);
const contents = fc.constantFrom('[Service]\n', '[Unit]\nConditionPathExists=/x\n', 'somebody wrote this\n');
const path = fc.constantFrom(...wanted.files.slice(1).map((each) => each.path), '/etc/motd');
const unit = fc.record({ enabled: fc.boolean(), active: fc.boolean() });

/** Hosts on which somebody did one thing or another before. */
const hosts: fc.Arbitrary<Partial<FakeHostState>> = fc
  .record({
    files: fc
      .tuple(
        fc.dictionary(path, fc.record({ contents, mode: fc.constantFrom('0644', '0600') }), { maxKeys: 4 }),
        fc.option(lines, { nil: undefined }),
      )
      .map(([files, environment]) =>
        environment ? { ...files, [environmentPath]: ofLines(environment) } : files,
      ),
    packages: fc.subarray(['docker.io', 'openssl', 'sudo', 'vim']),
    groups: fc.subarray(['flotilla', 'staff']).map((some) => ['root', 'systemd-journal', ...some]),
    core: fc.option(fc.subarray(['systemd-journal', 'docker']), { nil: undefined }),
    // An etcd that runs is refused before anything is planned.
    etcd: fc.boolean(),
    cron: unit,
    docker: unit,
  })
  .map(({ core, etcd, cron, docker, ...host }) => {
    // Docker's group and unit come and go with its package.
    const has = host.packages.includes('docker.io');
    const groups = has ? [...host.groups, 'docker'] : host.groups;
    return {
      ...host,
      groups,
      users: { root: [], ...(core ? { core: core.filter((group) => groups.includes(group)) } : {}) },
      units: {
        'etcd.service': { enabled: etcd, active: false },
        'cron.service': cron,
        ...(has ? { 'docker.service': docker } : {}),
      },
    };
  });

function ofLines(some: readonly string[]): FakeFile {
  return { contents: some.map((line) => `${line}\n`).join(''), mode: '0644' };
}

async function setUp(connection: Connection, asked: WantedHost = wanted) {
  return applyToHost(connection, await readHost(connection, asked, owner.owner), asked, owner, options);
}

describe('a plan for a host', () => {
  test('that was carried out leaves nothing to do, whatever the host had', async () => {
    await fc.assert(
      fc.asyncProperty(hosts, async (state) => {
        const connection = new FakeHost(state).connect();
        await setUp(connection);
        expect(planHost(await readHost(connection, wanted, owner.owner), wanted)).toEqual([]);
      }),
    );
  });

  test('is taken back to the very host that was there, also after a cut at any command', async () => {
    const cuts = fc.record({ command: fc.nat({ max: 9 }), when: fc.constantFrom('before', 'after') });
    await fc.assert(
      fc.asyncProperty(hosts, fc.option(cuts, { nil: undefined }), async (state, cut) => {
        const host = new FakeHost(state);
        const before = withoutOrder(host.snapshot());
        host.cut = cut;
        await setUp(host.connect()).catch(() => undefined);
        host.cut = undefined;
        const { added } = await readHost(host.connect(), wanted, owner.owner);
        if (added) await removeFromHost(host.connect(), added, options);
        expect(withoutOrder(host.snapshot())).toEqual(before);
      }),
    );
  });

  test('goes on after a cut', async () => {
    await fc.assert(
      fc.asyncProperty(hosts, fc.nat({ max: 9 }), async (state, command) => {
        const host = new FakeHost(state);
        host.cut = { command, when: 'after' };
        await setUp(host.connect()).catch(() => undefined);
        host.cut = undefined;
        await setUp(host.connect());
        const once = new FakeHost(state);
        await setUp(once.connect());
        expect(withoutOrder(host.snapshot())).toEqual(withoutOrder(once.snapshot()));
      }),
    );
  });

  test('has systemd read what a run wrote that was cut off before it told systemd', async () => {
    const host = new FakeHost();
    await setUp(host.connect());
    host.units.set('docker.service', { enabled: true, active: true, outdated: true });
    const facts = await readHost(host.connect(), wanted, owner.owner);
    expect(planHost(facts, wanted).map(sayHostOperation)).toEqual([
      'have systemd read its files again: systemd holds an older version of docker.service',
    ]);
    await setUp(host.connect());
    expect(host.units.get('docker.service')?.outdated).toBe(false);
  });

  test('names each thing with its reason', async () => {
    const files = { [environmentPath]: { contents: 'LANG=C\n', mode: '0644' } };
    const facts = await readHost(new FakeHost({ files }).connect(), wanted, owner.owner);
    expect(planHost(facts, wanted).map(sayHostOperation)).toEqual([
      'write /etc/environment: its contents differ',
      'write /etc/systemd/system/docker.service.d/startup.conf: missing',
      'write /etc/systemd/system/etcd.service: missing',
      'write /etc/sudoers.d/flotilla: missing',
      'install docker.io, sudo: not installed',
      'make the group flotilla: there is no such group',
      'make the user core, in docker, flotilla, systemd-journal: there is no such user',
      "let the stack's login key in as core: the stack's login key is not known there",
      'enable and start docker.service: not enabled',
      'enable and start etcd.service: not enabled',
    ]);
  });

  test('puts back what an earlier config wrote and this one does not', async () => {
    const motd = { contents: 'welcome\n', mode: '0644' };
    const host = new FakeHost({ ...bareHost, files: { '/etc/motd': motd } });
    const more = { path: '/etc/motd', contents: 'a cluster\n', mode: '0644' };
    await setUp(host.connect(), { ...wanted, files: [...wanted.files, more] });
    expect(host.files.get('/etc/motd')?.contents).toBe('a cluster\n');
    const { added } = await setUp(host.connect());
    expect(host.files.get('/etc/motd')).toEqual(motd);
    expect(added?.files.map((each) => each.path)).not.toContain('/etc/motd');
  });
});

/** /etc/environment is a set of lines to whoever reads it: ours may have moved behind others. */
function withoutOrder(snapshot: object): unknown {
  return JSON.parse(
    JSON.stringify(snapshot, (key, value) =>
      key === environmentPath ? { ...value, contents: value.contents.split('\n').sort() } : value,
    ),
  );
}

describe('/etc/environment', () => {
  test('keeps the lines of others, as they are', () => {
    fc.assert(
      fc.property(lines, (some) => {
        const theirs = some.filter((line) => !/^(COREOS|FLOTILLA)_/.test(line)).map((line) => `${line}\n`);
        const text = some.map((line) => `${line}\n`).join('');
        const result = environmentWith(text, 'FLOTILLA_MACHINE=core-1\n');
        expect(result).toBe(`${theirs.join('')}FLOTILLA_MACHINE=core-1\n`);
        expect(environmentWith(result, 'FLOTILLA_MACHINE=core-1\n')).toBe(result);
      }),
    );
  });
});
