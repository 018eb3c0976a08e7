import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeMachine } from '../ssh/fake.ts';
import { CommandFailed, unreachable } from './failure.ts';
import { FakeCluster } from './fake-cluster.ts';
import { NoCluster } from './stack.ts';

const golden = 'test/golden/doctor.txt';

const config = `config:
  flotilla:machines:
    core: {count: 3, etcd: true, publish: {"8080": 8080}}
`;

let cluster: FakeCluster;
beforeEach(() => {
  cluster = new FakeCluster();
  cluster.openError = new NoCluster('stack local has no cluster that is up');
  cluster.probes.files.set('stacks/Pulumi.local.yaml', config);
  cluster.probes.environment = { FLOTILLA_HOME: '/home/ada/flotilla' };
});

/** The folder of the stack comes from this process's own environment. */
const withoutFolders = (text: string) => text.replace(/ free at \/\S+\/stacks\/local/, ' free at FOLDER');

describe('doctor', () => {
  test('prints what it found, and then how to mend it, as the golden document', async () => {
    const { probes } = cluster;
    probes.kvmState = {
      accelerator: 'tcg',
      reason: "this user can't open /dev/kvm",
      fix: 'sudo usermod -aG kvm "$USER", then log in again',
    };
    probes.ports.set(8080, 'EADDRINUSE');
    probes.facts = { ...probes.facts, missingPrograms: ['qemu-img'], memory: 2000 };
    const { status, stdout, stderr, stacks } = await cluster.flotilla('doctor');
    expect({ status, stderr, stacks }).toEqual({ status: 1, stderr: '', stacks: ['local'] });
    const printed = withoutFolders(stdout);
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, printed);
    expect(existsSync(golden)).toBe(true);
    expect(printed).toBe(readFileSync(golden, 'utf8'));
  });

  test('a computer without a problem ends with 0 and one table, warnings or not', async () => {
    const { status, stdout } = await cluster.flotilla('doctor');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^CHECK +STATE +FINDING\n/);
    expect(stdout).not.toContain('FIX');
    // An open connection would keep the command from ending.
    expect(cluster.probes.closed).toBe(true);
    cluster.probes.templates = 9 * 1024 ** 3;
    expect(await cluster.flotilla('doctor')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\n\nCHECK +STATE +FIX\ntemplates +warning +npx flotilla cache prune\n$/),
    });
    expect((await cluster.flotilla('doctor --no-legend')).stdout).not.toContain('CHECK');
  });

  test('--json has every finding, null where nothing is to be mended', async () => {
    cluster.probes.nodeVersion = '18.0.0';
    const { status, stdout } = await cluster.flotilla('doctor --json');
    expect(status).toBe(1);
    const [node, pulumi] = JSON.parse(stdout);
    expect(node).toEqual({
      ...{ check: 'node', level: 'problem', finding: '18.0.0, where package.json asks for >=20.11' },
      ...{ fix: 'bash toolchain/setup.sh up', why: 'it runs Flotilla itself' },
    });
    expect(pulumi).toMatchObject({ check: 'pulumi', level: 'ok', fix: null });
  });

  test('an installed package has no clone to look at, and says so', async () => {
    cluster.clone = undefined;
    const { status, stdout, stderr } = await cluster.flotilla('doctor');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^flotilla: doctor looks at a clone of Flotilla, .*\n$/);
    expect(cluster.probes.ran).toEqual([]);
  });

  test('the stack is the one that is named, or selected, or else local', async () => {
    cluster.probes.programs.set('pulumi stack --show-name --non-interactive', { stdout: 'staging\n' });
    expect((await cluster.flotilla('doctor')).stacks).toEqual(['staging']);
    expect((await cluster.flotilla('doctor --stack prod')).stacks).toEqual(['prod']);
    cluster.env = { FLOTILLA_STACK: 'dev' };
    expect((await cluster.flotilla('doctor')).stacks).toEqual(['dev']);
    cluster.env = {};
    cluster.probes.programs.set('pulumi stack --show-name --non-interactive', { status: 255 });
    expect((await cluster.flotilla('doctor')).stacks).toEqual(['local']);
  });

  test('a stack config that can not be used is no end: what does not need it is looked at', async () => {
    cluster.probes.files.set('stacks/Pulumi.local.yaml', 'config: {flotilla:machines: {core: {cuont: 3}}}');
    const { status, stdout, stderr } = await cluster.flotilla('doctor');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^config +problem +flotilla:machines\.core\.cuont: /m);
    expect(stdout).toMatch(/^kvm +ok /m);
  });

  test('a state that can not be read is a problem with its words', async () => {
    cluster.openError = new CommandFailed("Pulumi can't read stack local: incorrect passphrase", unreachable);
    const { status, stdout } = await cluster.flotilla('doctor');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^stack +problem +Pulumi can't read stack local: incorrect passphrase$/m);
  });

  test('machines of a cluster that is up are looked at', async () => {
    cluster.openError = undefined;
    const [first] = cluster.machines;
    const machine = new FakeMachine({ name: 'core-1' });
    cluster.agent.gateway('core-1', machine);
    machine.programs.set('flotilla-machine-status', () => ({
      stdout: `clock ${cluster.probes.time}\netcd 1\n`,
    }));
    cluster.connectable.set(first?.name ?? '', machine);
    const { status, stdout } = await cluster.flotilla('doctor');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^stack +ok +local: a cluster of 3 machines is up$/m);
    expect(stdout).toMatch(/^machine core-1 +problem +its etcd is not in a quorum$/m);
    expect(stdout).toMatch(/^machine core-2 +problem +core-2 did not answer SSH within 30 s$/m);
  });

  test('--platform asks about that platform, and about no stack', async () => {
    const { status, stdout, stacks } = await cluster.flotilla('doctor --platform digitalocean');
    expect({ status, stacks }).toEqual({ status: 1, stacks: [] });
    expect(stdout).toMatch(/^token +problem +digitalocean:token: there is no token/m);
    expect(stdout).not.toMatch(/^(config|stack|kvm) /m);
  });

  test('a platform that does not exist is a usage error', async () => {
    expect(await cluster.flotilla('doctor --platform lokal')).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'flotilla: there is no platform lokal, did you mean local; known: local, aws, digitalocean, hosts\n',
    });
  });

  test('Ctrl-C ends it', async () => {
    cluster.probes.hostFacts = async () => {
      cluster.interrupt();
      return await new Promise(() => {});
    };
    expect((await cluster.flotilla('doctor')).status).toBe(130);
  });
});
