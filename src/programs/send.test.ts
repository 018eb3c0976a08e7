import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { etcdPrograms } from '../etcd/release.ts';
import { type Call, FakeMachine } from '../ssh/fake.ts';
import { nodePrograms } from './node.ts';
import type { Program, ProgramSet } from './program.ts';
import { inspectPrograms, sendCommand, sendPrograms } from './send.ts';

const programFolder = '/usr/local/lib/flotilla';

/** Machines that have what they were sent; of a program's bytes only its name. */
class Machines {
  readonly machines = new Map<string, FakeMachine>();
  readonly has = new Map<string, Map<string, string>>();
  readonly obtained: Program[] = [];
  readonly log: string[] = [];

  add(name: string, { architecture = 'amd64', asks = true } = {}): this {
    const machine = new FakeMachine({ name });
    const has = new Map<string, string>();
    machine.programs.set('flotilla-programs', () => ({
      stdout: [
        `architecture ${architecture}`,
        ...(asks ? ['asks yes'] : []),
        ...[...has].map(([program, digest]) => `${program} ${digest}`),
      ].join('\n'),
    }));
    machine.programs.set('flotilla-send', ({ args: [path = '', digest = ''] }: Call) => {
      has.set(path.slice(this.folder.length + 1), digest);
      return {};
    });
    this.machines.set(name, machine);
    this.has.set(name, has);
    return this;
  }

  readonly set: ProgramSet;
  readonly folder: string;

  constructor(set = etcdPrograms, folder = programFolder) {
    this.set = set;
    this.folder = folder;
  }

  get options() {
    return {
      set: this.set,
      machines: [...this.machines.keys()].map((name) => ({ name, folder: this.folder })),
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
    const right = new Map(etcdPrograms.programs.amd64.map(({ name, sha256 }) => [name, sha256]));
    expect(machines.has).toEqual(
      new Map([
        ['core-1', right],
        ['core-2', right],
      ]),
    );
    expect(machines.obtained).toEqual(etcdPrograms.programs.amd64);
    expect(machines.log).toContain('etcd: sending etcdctl 3.5.16-4 to core-2: it is not there');
    await machines.send();
    expect(machines.obtained).toHaveLength(2);
    expect(machines.commands('core-1')).toBe(4);
  });

  test.each(['arm64', 'aarch64'])('are those for the machine’s processor, %s', async (architecture) => {
    const machines = new Machines().add('core-1', { architecture });
    await machines.send();
    expect(machines.obtained).toEqual(etcdPrograms.programs.arm64);
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
      'etcd is needed on core-2 (armhf), and there is one for amd64 and arm64 alone: let other machines hold etcd',
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
    machine?.programs.set('flotilla-send', () => ({ status: 1, stderr: 'the disk is full\n' }));
    await expect(machines.send()).rejects.toThrow(
      /core-1.*the disk is full.*`npm run up` goes on from here/s,
    );
  });
});

test('a machine without packages gets Node.js and busybox to where its units start them', async () => {
  const machines = new Machines(nodePrograms, '/opt/flotilla').add('worker-1', { architecture: 'x86_64' });
  await machines.send();
  expect(machines.obtained).toEqual(nodePrograms.programs.amd64);
  expect([...(machines.has.get('worker-1')?.keys() ?? [])]).toEqual(['node', 'busybox']);
  expect(await inspectPrograms(machines.options)).toEqual(new Map());
  machines.has.get('worker-1')?.delete('busybox');
  expect(await inspectPrograms(machines.options)).toEqual(
    new Map([['worker-1', '/opt/flotilla/busybox: it is not there']]),
  );
});

/* By the real shell, in a folder of its own. */
describe('on the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-send-'));
  const path = join(folder, 'lib', 'etcd');
  const program = Buffer.from(`#!/bin/sh\n[ "$1" = --version ]\n${'echo etcd\n'.repeat(5000)}`);
  const before = '#!/bin/sh\n: before\n';
  const sha256 = createHash('sha256').update(program).digest('hex');
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => rmSync(join(folder, 'lib'), { recursive: true, force: true }));

  function arrive(input: Buffer, digest = sha256) {
    const sent = { name: 'etcd', sha256: digest, probe: '--version' };
    const { argv } = sendCommand(sent, join(folder, 'lib'), input);
    const [sh = '', ...rest] = argv;
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
    arrive(gzipSync(before), createHash('sha256').update(before).digest('hex'));
    const { status, stderr } = arrive(input);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(words));
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(join(folder, 'lib'))).toEqual(['etcd']);
  });

  test('one that cannot run there is not put in place, and its loader is heard', () => {
    const strange = '#!/nowhere/ld-linux\n';
    const { status, stderr } = arrive(gzipSync(strange), createHash('sha256').update(strange).digest('hex'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/lib\/etcd cannot run there: .*not found/);
    expect(readdirSync(join(folder, 'lib'))).toEqual([]);
  });

  test('a folder that takes no files says so', () => {
    writeFileSync(join(folder, 'lib'), '');
    expect(arrive(gzipSync(program)).status).not.toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});
