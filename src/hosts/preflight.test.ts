import { expect, test } from '@jest/globals';
import { FakeHost } from './fake-host.ts';
import type { FakeHostState } from './fake-host-state.ts';
import { applyToHost, NotRoot, readFacts, readHost } from './perform.ts';
import { checkHost, type HostRequest, twinProblems } from './preflight.ts';
import { nothingWanted } from './wanted.ts';

const request: HostRequest = {
  name: 'core-1',
  path: 'flotilla:hosts.machines.core.0',
  groupPath: 'flotilla:machines.core',
  user: 'admin',
  clusterAddress: '10.0.0.5',
  cpus: 2,
  memory: 2048,
  disk: 20,
  etcd: true,
};
const cluster = { cluster: 'dev', owner: 'ssh-ed25519 AAAA login' };

const debian12 = 'debian 12 Debian GNU/Linux 12 (bookworm)';

async function problemsOf(state: Partial<FakeHostState>, changes: Partial<HostRequest> = {}) {
  const facts = await readFacts(new FakeHost(state).connect(), cluster.owner);
  return checkHost(facts, { ...request, ...changes }, cluster).map(({ path, problem, fix }) => [
    path,
    problem,
    fix,
  ]);
}

test('a host that has what is asked for is taken', async () => {
  expect(await problemsOf({})).toEqual([]);
});

test.each<[string, Partial<FakeHostState>, Partial<HostRequest>, string, string]>([
  ['an older Debian', { os: 'debian 11 Debian GNU/Linux 11' }, {}, request.path, 'runs Debian GNU/Linux 11'],
  ['a newer Ubuntu', { os: 'ubuntu 26.04 Ubuntu 26.04 LTS' }, {}, request.path, 'Flotilla does not know it'],
  [
    'a processor that there is no etcd for',
    { os: debian12, architecture: 'armhf' },
    {},
    request.path,
    'has a processor of armhf, for which there is no etcd that Debian 12 can run',
  ],
  [
    "a Node.js of Debian 12's first days",
    { os: debian12, node: '18.13.0+dfsg1-1' },
    {},
    request.path,
    'has Node.js 18.13.0+dfsg1-1, and the agent needs 18.17 at least',
  ],
  [
    'others',
    { os: 'fedora 43 Fedora Linux 43' },
    {},
    request.path,
    'runs Fedora Linux 43, which cannot be used',
  ],
  ['no machine id', { machineId: 'uninitialized' }, {}, request.path, 'no machine id'],
  ['another etcd', { etcd: true }, {}, request.path, 'port 2379'],
  [
    'too few processors',
    { cpus: 1 },
    {},
    'flotilla:machines.core.cpus',
    '2 are asked for, and the host has 1',
  ],
  ['too little memory', { memory: 1000 }, {}, 'flotilla:machines.core.memory', 'has 1000 MiB'],
  ['too small a disk', { disk: 9000 }, {}, 'flotilla:machines.core.disk', 'has 8 GiB'],
  ['a user core of somebody', { users: { root: [], core: [] } }, {}, request.path, 'has a user core already'],
  ['another address', {}, { clusterAddress: '10.0.0.9' }, request.path, 'it has 10.0.0.5'],
  [
    'a machine that booted for Flotilla',
    {
      files: {
        '/etc/flotilla/agent.json': { contents: '{}', mode: '0644' },
        '/opt/flotilla/agent.mjs': { contents: '', mode: '0644' },
      },
      members: ['somebody'],
    },
    {},
    request.path,
    'is a machine of a Flotilla cluster already',
  ],
  ...['/opt/flotilla/src/index.ts', '/usr/local/lib/flotilla/plugin.so', '/var/lib/etcd/flotilla/db'].map(
    (file) =>
      [
        `somebody's own ${file}`,
        { files: { [file]: { contents: '', mode: '0644' } } },
        {},
        request.path,
        `has ${file.split('/flotilla/')[0]}/flotilla already`,
      ] as [string, Partial<FakeHostState>, Partial<HostRequest>, string, string],
  ),
  [
    'mail of a core who is gone',
    { files: { '/var/mail/core': { contents: '', mode: '0600' } } },
    {},
    request.path,
    'has /var/mail/core already, but no user core',
  ],
  [
    "somebody's right at our place",
    { files: { '/etc/sudoers.d/flotilla': { contents: 'flotilla ALL=(ALL) NOPASSWD:ALL\n', mode: '0440' } } },
    {},
    request.path,
    'has /etc/sudoers.d/flotilla already, which somebody else wrote',
  ],
  [
    "Docker's own packages",
    { packages: ['docker-ce', 'containerd.io', 'openssl'] },
    {},
    request.path,
    'has docker-ce, containerd.io, which docker.io conflicts with',
  ],
  ['podman in the place of Docker', { packages: ['podman-docker'] }, {}, request.path, 'has podman-docker'],
  [
    "members of the socket's group",
    { members: ['admin', 'eve'] },
    {},
    request.path,
    'has a group flotilla already, with eve in it',
  ],
  [
    'a folder for programs that is not root’s',
    { folders: [{ path: '/opt', mode: '0755', owner: 'eve:eve' }] },
    {},
    request.path,
    'has /opt with the owner eve:eve',
  ],
  [
    'a folder for programs that all may write to',
    { folders: [{ path: '/opt', mode: '1777', owner: 'root:root' }] },
    {},
    request.path,
    'has /opt with the owner root:root and the mode 1777',
  ],
])('refused with the reason: %s', async (_what, state, changes, path, problem) => {
  expect(await problemsOf(state, changes)).toEqual([
    [path, expect.stringContaining(problem), expect.stringMatching(/.{5}/)],
  ]);
});

test.each([
  ['Debian 12', { os: debian12, node: '18.20.4+dfsg-1~deb12u1' }],
  ['Debian 12 on ARM', { os: debian12, architecture: 'arm64' }],
  ['Ubuntu 24.04', { os: 'ubuntu 24.04 Ubuntu 24.04.1 LTS', node: '18.19.1+dfsg-6ubuntu5' }],
  ["NodeSource's Node.js", { node: '1:20.11.0-1nodesource1' }],
  ['Debian 13 on any processor', { architecture: 'riscv64' }],
  ["Debian's own /usr/local", { folders: [{ path: '/usr/local/lib', mode: '2775', owner: 'root:staff' }] }],
  ['a group flotilla of who logs in', { members: ['admin', 'core', 'root'] }],
  [
    'what a run left that was cut off before its record',
    { files: { '/etc/flotilla/before/etc/environment': { contents: '', mode: '0644' } } },
  ],
])('taken: %s', async (_what, state) => {
  expect(await problemsOf(state)).toEqual([]);
});

test('a host that holds no etcd needs none that is sent', async () => {
  expect(await problemsOf({ os: debian12, architecture: 'armhf' }, { etcd: false })).toEqual([]);
});

test('a user core who is the one that logs in is used as he is', async () => {
  expect(await problemsOf({ users: { root: [], core: [] } }, { user: 'core' })).toEqual([]);
});

test('etcd of somebody else is no trouble on a host that gets none', async () => {
  expect(await problemsOf({ etcd: true }, { etcd: false })).toEqual([]);
});

test.each([
  ['another stack', { cluster: 'prod', machine: 'core-1', owner: 'x' }, 'it is core-1 of the stack prod'],
  [
    'another state of the same stack',
    { cluster: 'dev', machine: 'core-1', owner: 'x' },
    'of another Pulumi state',
  ],
  ['another place in this stack', { ...cluster, machine: 'core-2' }, 'is core-2 of this stack'],
])("a host that is another cluster's is refused: %s", async (_what, owner, problem) => {
  const host = new FakeHost();
  const small = { ...nothingWanted, groups: ['flotilla'] };
  const before = await readHost(host.connect(), small, owner.owner);
  await applyToHost(host.connect(), before, small, owner, { log: () => undefined });
  const facts = await readFacts(host.connect(), cluster.owner);
  expect(checkHost(facts, request, cluster)).toEqual([
    expect.objectContaining({ problem: expect.stringContaining(problem) }),
  ]);
});

test('two hosts with one machine id are refused', () => {
  const host = (name: string, machineId: string) => ({ name, path: name, machineId });
  expect(twinProblems([host('core-1', 'a'), host('core-2', 'b')])).toEqual([]);
  expect(twinProblems([host('core-1', 'a'), host('core-2', 'b'), host('worker-1', 'a')])).toEqual([
    { path: 'worker-1', problem: expect.stringContaining('machine id of core-1'), fix: expect.any(String) },
  ]);
});

test('who may not become root is told apart', async () => {
  const host = new FakeHost();
  host.programs.set('flotilla-host-facts', () => ({ status: 1, stderr: 'sudo: a password is required\n' }));
  await expect(readFacts(host.connect(), '')).rejects.toBeInstanceOf(NotRoot);
  host.programs.set('flotilla-host-facts', () => ({ status: 2, stderr: 'sh: cannot fork\n' }));
  await expect(readFacts(host.connect(), '')).rejects.not.toBeInstanceOf(NotRoot);
  host.programs.set('flotilla-host-facts', () => ({ stdout: 'os debian 13 Debian\n' }));
  await expect(readFacts(host.connect(), '')).rejects.toThrow('did not tell all that was asked');
});
