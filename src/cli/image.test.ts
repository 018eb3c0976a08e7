import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeDocker } from '../image/fake-docker.ts';
import { relayHere } from '../image/fake-relay.ts';
import {
  imageInMemory,
  layoutFiles,
  sampleImage,
  savedFiles,
  writeArchive,
  writeFolder,
} from '../image/sample-image.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { FakeCluster } from './fake-cluster.ts';

const sample = sampleImage(['lowest', 'x'.repeat(50_000)]);
const image = imageInMemory(sample);
const short = image.config.digest.slice(7, 19);
let folder: string;
let cluster: FakeCluster;
let dockers: Map<string, FakeDocker>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-image-cli-'));
  cluster = new FakeCluster();
  dockers = new Map();
  for (const { name } of cluster.machines) {
    const docker = new FakeDocker(join(folder, `${name}.sock`));
    dockers.set(name, docker);
    const machine = new FakeMachine({ name });
    machine.sockets.set('/run/docker.sock', docker.accept);
    machine.programs.set('list-image-cache', () => ({}));
    machine.programs.set('prepare-image-cache', () => ({}));
    machine.programs.set('image-relay', ({ stdin }) => relayHere(machine, stdin, folder));
    cluster.connectable.set(name, machine);
  }
});
afterEach(() => rm(folder, { recursive: true }));

describe('flotilla image push', () => {
  test('tells the plan, every layer and machine, and what it came to', async () => {
    const where = await writeFolder(join(folder, 'layout'), layoutFiles(sample));
    const { status, stdout, stderr } = await cluster.flotilla(['image', 'push', where]);
    expect(stderr).toContain('core-2 has it');
    expect(stderr).toContain(
      `flotilla: ${image.layers[1]?.digest.slice(7, 19)}, 49 KiB, has left this computer`,
    );
    expect(stderr).toMatch(/worker-1: layer [0-9a-f]{12} pulled \(2 of 2\)/);
    expect(stdout).toBe(
      'MACHINE   DOES                    FROM    WHY\n' +
        'core-1    pulls 2 layers, 49 KiB  here    it lacks app:1\n' +
        'core-2    pulls 2 layers, 49 KiB  core-1  it lacks app:1\n' +
        'worker-1  pulls 2 layers, 49 KiB  core-1  it lacks app:1\n' +
        'At most 49 KiB will leave this computer.\n' +
        'app:1 is on core-1, core-2, worker-1; 49 KiB left this computer.\n',
    );
    expect(status).toBe(0);
    const again = await cluster.flotilla(['image', 'push', where]);
    expect(again.stdout).toContain('core-1    nothing  -     it has app:1 already\n');
    expect(again.stdout).toContain('Nothing has to leave this computer.');
  });

  test('under another name, on one machine, and only in words', async () => {
    const where = await writeArchive(join(folder, 'saved.tar'), savedFiles(sample));
    const line = ['image', 'push', where, 'team/app:2', '--machine', 'core-2'];
    const dry = await cluster.flotilla([...line, '--dry-run']);
    expect(dry.stdout).toContain('core-2   pulls 2 layers, 49 KiB  here  it lacks team/app:2\n');
    expect(dockers.get('core-2')?.names.size).toBe(0);
    expect((await cluster.flotilla(line)).status).toBe(0);
    expect([...(dockers.get('core-2')?.names.keys() ?? [])]).toEqual(['team/app:2']);
    expect(dockers.get('core-1')?.names.size).toBe(0);
  });

  test('a machine that is away makes it fail, and the others have it', async () => {
    cluster.connectable.delete('core-1');
    const where = await writeFolder(join(folder, 'layout'), layoutFiles(sample));
    const { status, stdout, stderr } = await cluster.flotilla(['image', 'push', where]);
    expect(status).toBe(1);
    expect(stdout).toContain('app:1 is on core-2, worker-1;');
    expect(stderr).toContain('core-1 lacks it: core-1 did not answer SSH within 30 s');
  });

  test('Docker that refuses is told in its own words', async () => {
    const docker = dockers.get('worker-1');
    if (docker) docker.refusal = 'no space left on device';
    const where = await writeFolder(join(folder, 'layout'), layoutFiles(sample));
    const { status, stderr } = await cluster.flotilla(['image', 'push', where]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('worker-1 lacks it: no space left on device'),
    ]);
  });

  test.each([
    ['a name without a tag', ['layout', 'app'], 2, 'app is no name with a tag, such as app:1'],
    ['a damaged source', ['damaged'], 1, 'neither this file nor manifest.json is there'],
    [
      'a source without a usable name',
      ['nameless'],
      2,
      'is only called v1 there; say what machines are to call it',
    ],
    [
      'a platform that it is not for',
      ['layout', '--platform', 'linux/arm64'],
      1,
      'it is for linux/amd64, not for linux/arm64',
    ],
    ['a machine that is not there', ['layout', '--machine', 'core-9'], 1, 'there is no machine core-9'],
  ])('refuses %s', async (_what, [source = '', ...rest], status, message) => {
    await writeFolder(join(folder, 'layout'), layoutFiles(sample));
    await writeFolder(join(folder, 'nameless'), layoutFiles(sample, 'v1'));
    await writeFolder(join(folder, 'damaged'), new Map([['readme', '']]));
    const result = await cluster.flotilla(['image', 'push', join(folder, source), ...rest]);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(status);
    expect(result.stdout).toBe('');
  });

  test('what is neither a file nor known to Docker here', async () => {
    const { status, stderr } = await cluster.flotilla(['image', 'push', 'no-such-image:1']);
    expect(status).toBe(1);
    expect(stderr).toContain('there is no file or folder no-such-image:1, and ');
  });
});

describe('flotilla image list', () => {
  test('says what is where, what is missing, and who is silent', async () => {
    const where = await writeFolder(join(folder, 'layout'), layoutFiles(sample));
    await cluster.flotilla(['image', 'push', where, '--machine', 'core-2']);
    const old = `sha256:${'0'.repeat(64)}`;
    for (const name of ['core-1', 'core-2'])
      dockers.get(name)?.images.set(old, { layers: [], size: 2 ** 20 });
    cluster.connectable.delete('worker-1');
    const { stdout, status } = await cluster.flotilla('image list');
    expect(stdout).toBe(
      'NAME   ID            SIZE    MACHINES       NOTE\n' +
        `app:1  ${short}  49 KiB  core-2         not on core-1\n` +
        '-      000000000000  1 MiB   core-1,core-2  no name any more\n' +
        '-      -             -       worker-1       worker-1 did not answer SSH within 30 s\n',
    );
    expect(status).toBe(0);
    const json = JSON.parse((await cluster.flotilla('image list --json')).stdout);
    expect(json[0]).toEqual({
      ...{ name: 'app:1', id: image.config.digest, bytes: 50_006, created: '2023-11-14T22:13:20.000Z' },
      ...{ machines: ['core-2'], note: 'not on core-1' },
    });
  });
});

test('a push is recorded, and said when it could not be', async () => {
  const where = await writeFolder(join(folder, 'layout'), layoutFiles(sample));
  await cluster.flotilla(['image', 'push', where]);
  const { manifest, config } = image;
  expect(cluster.agent.images.get('amd64/app:1')).toMatchObject({
    id: config.digest,
    manifest: { digest: manifest.digest, size: manifest.size },
  });
  cluster.agent.intercept = (line) =>
    line.startsWith('PUT ')
      ? { status: 500, body: { error: { code: 500, message: 'etcd is full' } } }
      : undefined;
  const { status, stderr } = await cluster.flotilla(['image', 'push', where]);
  expect([status, stderr]).toEqual([0, expect.stringMatching(/machines that join later .*: .*etcd is full/)]);
});

describe('flotilla image remove', () => {
  test('takes it from every machine, and from who keeps it', async () => {
    const where = await writeFolder(join(folder, 'layout'), layoutFiles(sample));
    await cluster.flotilla(['image', 'push', where]);
    dockers.get('core-2')?.names.clear();
    const { status, stdout } = await cluster.flotilla('image remove app:1');
    expect([status, stdout]).toEqual([0, 'app:1 is gone from core-1, worker-1.\n']);
    expect(cluster.agent.images.size).toBe(0);
    expect(dockers.get('core-1')?.names.size).toBe(0);
  });

  test('says which machines keep it, and why', async () => {
    cluster.connectable.delete('core-2');
    const { status, stdout, stderr } = await cluster.flotilla('image remove app:1');
    expect([status, stdout]).toEqual([1, 'no machine lost app:1.\n']);
    expect(stderr).toContain('core-2 keeps app:1: core-2 did not answer SSH');
  });
});
