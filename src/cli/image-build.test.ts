import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportImage } from '../image/build/export-image.ts';
import { FakeBuilder } from '../image/build/fake-builder.ts';
import { hexOf } from '../image/digest.ts';
import { FakeDocker } from '../image/fake-docker.ts';
import { relayHere } from '../image/fake-relay.ts';
import { sampleImage } from '../image/sample-image.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { whenAborted } from '../ssh/when-aborted.ts';
import { FakeCluster } from './fake-cluster.ts';

let folder: string;
let cluster: FakeCluster;
let dockers: Map<string, FakeDocker>;
let builders: Map<string, FakeBuilder>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-build-cli-'));
  await mkdir(join(folder, 'app'));
  await writeFile(join(folder, 'app', 'Dockerfile'), 'FROM hello\n');
  cluster = new FakeCluster();
  dockers = new Map();
  builders = new Map();
  for (const { name } of cluster.machines) cluster.connectable.set(name, await startMachine(name));
});
afterEach(async () => {
  for (const docker of dockers.values()) docker.close();
  await rm(folder, { recursive: true });
});

/** core-2 has the most memory. */
async function startMachine(name: string): Promise<FakeMachine> {
  const machine = new FakeMachine({ name });
  const docker = await new FakeDocker(join(folder, `${name}.sock`)).listen();
  dockers.set(name, docker);
  builders.set(name, new FakeBuilder(docker, sampleImage(['base', 'x'.repeat(50_000)])));
  machine.sockets.set('/run/docker.sock', docker.accept);
  const memory = name === 'core-2' ? 800_000 : 400_000;
  const programs = {
    'list-image-cache': () => ({ stdout: cached.get(name) ?? '' }),
    'prepare-image-cache': () => ({}),
    'look-for-room': () => ({ stdout: `MemAvailable: ${memory} kB\n/dev/vda1 9000000 1 8000000 1% /\n` }),
    'hold-build-network': ({ signal }: { signal: AbortSignal }) => whenAborted(signal),
    'image-relay': ({ stdin }: { stdin: string }) => relayHere(machine, stdin, folder),
    'export-image': ({ stdin }: { stdin: string }) => exported(name, docker.socket, stdin),
  };
  const cached = new Map<string, string>();
  const exported = async (_name: string, socket: string, program: string) => {
    const [, json = ''] = /^globalThis\.flotillaExport=(.*);$/m.exec(program) ?? [];
    const sizes = await exportImage({ ...JSON.parse(json), socket, cache: join(folder, 'cache') });
    cached.set(
      name,
      Object.entries(sizes)
        .map(([digest, size]) => `${hexOf(digest)} ${size}\n`)
        .join(''),
    );
    return { stdout: JSON.stringify(sizes) };
  };
  for (const [program, answer] of Object.entries(programs)) machine.programs.set(program, answer);
  return machine;
}

const build = (...options: readonly string[]) =>
  cluster.flotilla(['image', 'build', join(folder, 'app'), '--name', 'app:1', ...options]);

describe('flotilla image build', () => {
  test('builds where there is most room, shows what the build prints, and brings the image to all', async () => {
    const { status, stdout, stderr } = await build();
    expect(stdout).toBe(
      'MACHINE   DOES                WHY\n' +
        'core-1    gets what it lacks  391 MiB of memory free\n' +
        'core-2    builds app:1        it has the most memory free, 781 MiB\n' +
        'worker-1  gets what it lacks  391 MiB of memory free\n' +
        '1 file, 11 B before compression, will leave this computer, and nothing else.\n' +
        'app:1 was built on core-2.\n' +
        'MACHINE   DOES                    FROM    WHY\n' +
        'core-1    pulls 2 layers, 49 KiB  core-2  it lacks app:1\n' +
        'core-2    nothing                 -       it has app:1 already\n' +
        'worker-1  pulls 2 layers, 49 KiB  core-2  it lacks app:1\n' +
        'Nothing has to leave this computer.\n' +
        'app:1 is on core-1, core-2, worker-1; 0 B left this computer.\n',
    );
    expect(stderr).toContain('Step 1/1 : FROM hello\n ---> 0123456789ab\n');
    expect(status).toBe(0);
    expect((await cluster.flotilla('image list')).stdout).toMatch(/^app:1 .* core-1,core-2,worker-1 /m);
    const again = await build();
    expect(again.stdout).toContain('core-2    builds app:1        it has built app before\n');
    expect(again.stdout).not.toContain('pulls');
  });

  test('takes what Docker takes, and says what it would do', async () => {
    const { status, stdout } = await build('--dry-run', '--machine', 'core-1');
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('core-1    builds app:1        it was named\n'),
    ]);
    expect(builders.get('core-1')?.builds).toEqual([]);
    await writeFile(join(folder, 'app', 'Other'), 'FROM hello\n');
    await writeFile(join(folder, 'app', '.env'), 'PASSWORD=x\n');
    const args = ['--build-arg', 'A=1', '--build-arg', 'B=x=y', '--target', 'last', '--network', 'none'];
    const { stderr } = await build(...args, '--machine', 'core-1', '--file', 'Other', '--no-cache');
    expect(Object.fromEntries(builders.get('core-1')?.builds[0]?.query ?? [])).toMatchObject({
      ...{ dockerfile: 'Other', target: 'last', networkmode: 'none', nocache: '1' },
      buildargs: '{"A":"1","B":"x=y"}',
    });
    expect(stderr).toContain('.env may hold a secret');
  });

  test('a step that fails is an exit status of 1, and what it said', async () => {
    const builder = builders.get('core-2');
    if (builder) builder.failure = 'The command returned a non-zero code: 2';
    const { status, stderr, stdout } = await build();
    expect(status).toBe(1);
    expect(stderr).toContain('core-2: the build failed at step 1/1, FROM hello: The command returned');
    expect(stdout).not.toContain('was built');
  });

  test('Ctrl-C ends it', async () => {
    const builder = builders.get('core-2');
    if (builder) builder.endless = true;
    cluster.onError = (text) => text.includes('Step 1/1') && cluster.interrupt();
    const { status, stderr } = await build();
    expect([status, stderr]).toEqual([130, expect.stringContaining('stopped; core-2 ends the build')]);
  });

  test('a machine that is away lacks it in the end, and the others have it', async () => {
    cluster.connectable.delete('core-1');
    const { status, stdout, stderr } = await build();
    expect([status, stdout]).toEqual([1, expect.stringContaining('app:1 is on core-2, worker-1;')]);
    expect(stderr).toContain('core-1 lacks it: core-1 did not answer SSH within 30 s');
  });

  test.each([
    ['a name without a tag', ['--name', 'app'], 2, 'app is no name with a tag'],
    ['a network that is none', ['--network', 'host'], 2, '--network is internet or none, not host'],
    ['an argument without a value', ['--build-arg', 'A'], 2, '--build-arg A is not KEY=VALUE'],
    ['a machine that is not there', ['--machine', 'core-9'], 1, 'there is no machine core-9'],
    ['a Dockerfile that is not there', ['--file', 'None'], 1, 'there is no such file in the folder'],
  ])('refuses %s', async (_what, options, status, message) => {
    const result = await build(...options);
    expect(result.stderr).toContain(message);
    expect([result.status, result.stdout]).toEqual([status, '']);
  });
});
