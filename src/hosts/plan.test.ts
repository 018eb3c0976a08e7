import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { environmentFile } from '../model/machine-environment.ts';
import type { Connection } from '../ssh/connection.ts';
import { programName } from '../ssh/script.ts';
import { FakeHost } from './fake-host.ts';
import { bareHost, type FakeHostState } from './fake-host-state.ts';
import { applyToHost, readHost, removeFromHost } from './perform.ts';
import { planHost, sayHostOperation } from './plan.ts';
import { sudoersPath, type WantedHost } from './wanted.ts';

const wanted: WantedHost = {
  packages: ['docker.io', 'openssl', 'sudo'],
  groups: ['flotilla'],
  user: { name: 'core', groups: ['docker', 'flotilla', 'systemd-journal'] },
  files: [
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

const contents = fc.constantFrom('[Service]\n', '[Unit]\nConditionPathExists=/x\n', 'somebody wrote this\n');
const path = fc.constantFrom(...wanted.files.map((each) => each.path), '/etc/motd');
const unit = fc.record({ enabled: fc.boolean(), active: fc.boolean() });

/** Hosts on which somebody did one thing or another before. */
const hosts: fc.Arbitrary<Partial<FakeHostState>> = fc
  .record({
    files: fc.dictionary(
      fc.oneof(path, fc.constant(environmentFile)),
      fc.record({ contents, mode: fc.constantFrom('0644', '0600') }),
      { maxKeys: 4 },
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

async function setUp(connection: Connection, asked: WantedHost = wanted) {
  await applyToHost(connection, await readHost(connection, asked, owner.owner), asked, owner, options);
  return readHost(connection, asked, owner.owner);
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
        const before = host.snapshot();
        host.cut = cut;
        await setUp(host.connect()).catch(() => undefined);
        host.cut = undefined;
        const { added } = await readHost(host.connect(), wanted, owner.owner);
        if (added) await removeFromHost(host.connect(), added, options);
        expect(host.snapshot()).toEqual(before);
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
        expect(host.snapshot()).toEqual(once.snapshot());
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
    const facts = await readHost(new FakeHost().connect(), wanted, owner.owner);
    expect(planHost(facts, wanted).map(sayHostOperation)).toEqual([
      'write /etc/systemd/system/docker.service.d/startup.conf: missing',
      'write /etc/systemd/system/etcd.service: missing',
      'install docker.io, sudo: not installed',
      'make the group flotilla: there is no such group',
      'make the user core, in docker, flotilla, systemd-journal: there is no such user',
      "let the stack's login key in as core: the stack's login key is not known there",
      'write /etc/sudoers.d/flotilla: missing',
      'enable and start docker.service: not enabled',
      'enable and start etcd.service: not enabled',
    ]);
  });

  test('makes somebody root when he is there, and not before', async () => {
    const host = new FakeHost();
    await setUp(host.connect());
    const writes = (path: string) => host.commands.findIndex((command) => command.argv.includes(path));
    const account = host.commands.findIndex((command) => programName(command) === 'flotilla-host-account');
    expect(account).toBeGreaterThan(writes('/etc/systemd/system/etcd.service'));
    expect(writes(sudoersPath)).toBeGreaterThan(account);
  });

  test('that would take packages from somebody is refused before anything is changed', async () => {
    const host = new FakeHost({ packages: ['docker-ce', 'containerd.io'] });
    const before = host.snapshot();
    await expect(setUp(host.connect())).rejects.toThrow('would remove docker-ce, containerd.io; nothing was');
    expect(host.snapshot()).toEqual(before);
  });

  test('leaves a file alone that others have lines in, which earlier versions recorded', async () => {
    const facts = await setUp(new FakeHost().connect());
    const { added } = facts;
    if (!added) throw new Error('nothing was recorded');
    const files = [...added.files, { path: environmentFile, existed: true }];
    expect(planHost({ ...facts, added: { ...added, files } }, wanted)).toEqual([]);
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
