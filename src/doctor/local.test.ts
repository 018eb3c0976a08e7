import { beforeEach, expect, test } from '@jest/globals';
import { FakeProbes } from './fake-probes.ts';
import { localChecks } from './local.ts';
import { sampleSubject, told } from './sample-subject.ts';

const text = `config:
  flotilla:machines:
    core: {count: 3, etcd: true, cpus: 2, publish: {"8080": 80}}
`;

let probes: FakeProbes;
beforeEach(() => {
  probes = new FakeProbes();
});

const lines = (config: string | undefined = text) => told(localChecks(sampleSubject(config)), probes);
const lineOf = async (what: string) => (await lines()).find((line) => line.startsWith(`${what} `));

test('a computer that can hold the cluster', async () => {
  expect(await lines()).toEqual([
    'system ok linux on x64',
    'programs ok QEMU 10.0.2',
    'memory ok 3072 MiB for machines that are to start, 8000 MiB free',
    expect.stringMatching(/^disk ok 20 GiB free at .*\/stacks\/dev$/),
    'sockets ok their paths are short enough',
    'cpus ok 6 for machines, 4 here',
    'kvm ok a kernel booted under KVM',
    'port 8080 ok free',
    'templates ok 512 MiB in the cache',
  ]);
});

test('without a stack config, what is asked of every computer', async () => {
  const all = await told(localChecks(sampleSubject(undefined)), probes);
  expect(all.map((line) => line.split(' ')[0])).toEqual([
    ...['system', 'programs', 'memory', 'disk', 'sockets', 'cpus', 'kvm', 'templates'],
  ]);
  expect(all).toContain('memory ok 0 MiB for machines that are to start, 8000 MiB free');
});

test('what preflight finds stands in the row of its rule, every problem by itself', async () => {
  probes.facts = {
    ...probes.facts,
    ...{ missingPrograms: ['qemu-img', 'mmdebstrap'], canBuild: true, memory: 500, disk: 1024 ** 3 },
  };
  const all = await lines();
  expect(all).toContain(
    'programs problem flotilla:platform: qemu-img is not on PATH → apt install qemu-utils',
  );
  expect(all).toContain(
    'programs problem flotilla:platform: mmdebstrap is not on PATH → apt install mmdebstrap',
  );
  expect(await lineOf('memory')).toContain(
    'need 3072 MiB of memory, 500 MiB are free → lower count or memory',
  );
  expect(await lineOf('disk')).toContain('disk problem flotilla:machines: 6.0 GiB of disk are needed');
});

test('machines that run already have their memory', async () => {
  probes.facts = { ...probes.facts, memory: 500, running: ['core-1', 'core-2', 'core-3'] };
  expect(await lineOf('memory')).toBe('memory ok 0 MiB for machines that are to start, 500 MiB free');
});

test('emulated processors are a warning, with what changes that', async () => {
  probes.kvmState = { accelerator: 'tcg', reason: "this user can't open /dev/kvm", fix: 'sudo usermod' };
  expect(await lineOf('kvm')).toBe(
    "kvm warning processors are emulated: this user can't open /dev/kvm → sudo usermod",
  );
  probes.kvmState = { accelerator: 'tcg', reason: 'no kernel boots' };
  expect(await lineOf('kvm')).toContain('→ see docs/local.md, Processor');
});

test('a machine with more CPUs than there are is a warning that names its group', async () => {
  probes.cpus = 1;
  expect(await lineOf('cpus')).toBe(
    'cpus warning 6 for machines, 1 here; one machine has 2 → lower cpus in flotilla:machines.core',
  );
});

test.each([
  ['EADDRINUSE', 'another program listens there → ss '],
  ['EACCES', 'this user may not listen there → sudo sysctl net.ipv4.ip_unprivileged_port_start=8080'],
  ['EMFILE', 'nobody can listen there: EMFILE → publish another port'],
])('a published port that answers %s is a problem', async (code, words) => {
  probes.ports.set(8080, code);
  expect(await lineOf('port 8080')).toContain(`port 8080 problem ${words}`);
});

test("a port that the stack's own switch holds is as it should be", async () => {
  probes.ports.set(8080, 'EADDRINUSE');
  probes.held = [8080];
  expect(await lineOf('port 8080')).toBe("port 8080 ok held by this stack's own switch");
});

test('templates beyond what a prune keeps are a warning', async () => {
  probes.templates = 6 * 1024 ** 3;
  expect(await lineOf('templates')).toBe(
    'templates warning 6 GiB in the cache, more than the 4 GiB that a prune keeps → npx flotilla cache prune',
  );
});
