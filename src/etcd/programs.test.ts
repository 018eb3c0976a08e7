import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Call, FakeMachine } from '../ssh/fake.ts';
import { inspectPrograms, sendCommand, sendPrograms } from './programs.ts';
import { type EtcdProgram, etcdPrograms, programFolder } from './release.ts';

/** Machines that have what they were sent; of a program's bytes only its name. */
class Machines {
  readonly machines = new Map<string, FakeMachine>();
  readonly has = new Map<string, Map<string, string>>();
  readonly obtained: EtcdProgram[] = [];
  readonly log: string[] = [];

  add(name: string, { architecture = 'amd64', asks = true } = {}): this {
    const machine = new FakeMachine({ name });
    const has = new Map<string, string>();
    machine.programs.set('flotilla-etcd-programs', () => ({
      stdout: [
        `architecture ${architecture}`,
        ...(asks ? ['asks yes'] : []),
        ...[...has].map(([program, digest]) => `${program} ${digest}`),
      ].join('\n'),
    }));
    machine.programs.set('flotilla-etcd-send', ({ args: [path = '', digest = ''] }: Call) => {
      has.set(path.slice(programFolder.length + 1), digest);
      return {};
    });
    this.machines.set(name, machine);
    this.has.set(name, has);
    return this;
  }

  get options() {
    return {
      members: [...this.machines.keys()].map((name, index) => ({ name, address: `10.77.0.${index + 11}` })),
      connect: async ({ name }: { name: string }) => {
        const machine = this.machines.get(name);
        if (!machine) throw new Error(`there is no ${name}`);
        return machine.connect();
      },
      log: (line: string) => void this.log.push(line),
    };
  }

  send = () =>
    sendPrograms(this.options, async (program) => {
      this.obtained.push(program);
      return Buffer.from(program.name);
    });

  commands = (name: string) => this.machines.get(name)?.commands.length;
}

describe('etcd’s programs', () => {
  test('go to every member that has none, got once for all, and once only', async () => {
    const machines = new Machines().add('core-1').add('core-2');
    await machines.send();
    const right = new Map(etcdPrograms.amd64.map(({ name, sha256 }) => [name, sha256]));
    expect(machines.has).toEqual(
      new Map([
        ['core-1', right],
        ['core-2', right],
      ]),
    );
    expect(machines.obtained).toEqual(etcdPrograms.amd64);
    expect(machines.log).toContain('etcd: sending etcdctl 3.5.16-4 to core-2: it is not there');
    await machines.send();
    expect(machines.obtained).toHaveLength(2);
    expect(machines.commands('core-1')).toBe(4);
  });

  test('are those for the machine’s processor', async () => {
    const machines = new Machines().add('core-1', { architecture: 'arm64' });
    await machines.send();
    expect(machines.obtained).toEqual(etcdPrograms.arm64);
  });

  test('take the place of others, and refresh tells of them', async () => {
    const machines = new Machines().add('core-1').add('core-2');
    await machines.send();
    expect(await inspectPrograms(machines.options)).toEqual(new Map());
    machines.has.get('core-1')?.set('etcd', 'a'.repeat(64));
    machines.has.get('core-1')?.delete('etcdctl');
    const found = `${programFolder}/etcd: what is there is another one, ${programFolder}/etcdctl: it is not there`;
    expect(await inspectPrograms(machines.options)).toEqual(new Map([['core-1', found]]));
    await machines.send();
    expect(machines.has.get('core-1')).toEqual(machines.has.get('core-2'));
  });

  test('stay away from a member that began with a system whose own is new enough', async () => {
    const machines = new Machines().add('core-1', { asks: false, architecture: 's390x' });
    await machines.send();
    expect(machines.has.get('core-1')).toEqual(new Map());
    expect(await inspectPrograms(machines.options)).toEqual(new Map());
  });

  test('are sent to nobody when there is none for one of the processors', async () => {
    const machines = new Machines().add('core-1').add('core-2', { architecture: 'armhf' });
    await expect(machines.send()).rejects.toThrow(
      'etcd 3.5.16-4 is needed on core-2 (armhf), and there is one for amd64 and arm64 alone',
    );
    expect(machines.has.get('core-1')).toEqual(new Map());
  });

  test.each(['before', 'after'] as const)('go on after a transfer that was lost (%s)', async (when) => {
    const machines = new Machines().add('core-1');
    const machine = machines.machines.get('core-1');
    if (machine) machine.cut = { command: 2, when };
    await expect(machines.send()).rejects.toThrow();
    await machines.send();
    expect(machines.has.get('core-1')?.size).toBe(2);
  });

  test('that a machine does not take are told of with its own words', async () => {
    const machines = new Machines().add('core-1');
    const machine = machines.machines.get('core-1');
    machine?.programs.set('flotilla-etcd-send', () => ({ status: 1, stderr: 'the disk is full\n' }));
    await expect(machines.send()).rejects.toThrow(
      /core-1.*the disk is full.*`npm run up` goes on from here/s,
    );
  });
});

/* By the real shell, in a folder of its own. */
describe('on the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-send-'));
  const path = join(folder, 'lib', 'etcd');
  const program = Buffer.from('#!/bin/sh\necho etcd\n'.repeat(5000));
  const sha256 = createHash('sha256').update(program).digest('hex');
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => rmSync(join(folder, 'lib'), { recursive: true, force: true }));

  function arrive(input: Buffer, digest = sha256) {
    const { argv } = sendCommand({ name: 'etcd', sha256: digest }, input);
    const [sh = '', ...rest] = argv.map((word) => (word === `${programFolder}/etcd` ? path : word));
    return spawnSync(sh, rest, { input, encoding: 'utf8' });
  }

  test('a program is there whole and can be run', () => {
    expect(arrive(gzipSync(program))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(path)).toEqual(program);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(folder, 'lib'))).toEqual(['etcd']);
  });

  test.each([
    ['cut in the middle', gzipSync(program).subarray(0, 60), 'did not arrive whole'],
    ['never begun', Buffer.alloc(0), 'did not arrive whole, or|was not put in place'],
    ['another one', gzipSync('another'), `and ${sha256} is expected`],
  ])('one that was %s leaves the one before in its place', (_, input, words) => {
    arrive(gzipSync('before'), createHash('sha256').update('before').digest('hex'));
    const { status, stderr } = arrive(input);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(words));
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(join(folder, 'lib'))).toEqual(['etcd']);
  });

  test('a folder that takes no files says so', () => {
    writeFileSync(join(folder, 'lib'), '');
    expect(arrive(gzipSync(program)).status).not.toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});
