import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { layoutFiles, type Sample, sampleImage, writeFolder } from '../../image/sample-image.ts';
import { startMachine, type TestMachine } from '../../image/test-machine.ts';
import { AgentApi } from '../../push/api.ts';
import { FakeAgent, fakeMachine } from '../../push/fake-agent.ts';
import { anyHandler } from '../handler.ts';
import { type AnyHandler, type Context, InitFailed, type Properties, unknownValue } from '../resource.ts';
import { image, type Machines } from './image.ts';

let folder: string;
let machines: TestMachine[];
let lines: string[];
let handler: AnyHandler;
let agent: FakeAgent;

const base = randomBytes(300_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-image-'));
  machines = [await startMachine(folder, 'core-1'), await startMachine(folder, 'core-2')];
  lines = [];
  // All on this computer: each machine has its own Docker, and finds its own folder.
  agent = new FakeAgent([fakeMachine('core-1')]);
  const agents = () => new AgentApi([agent.gateway('core-1')], { log: () => undefined });
  handler = anyHandler(image(pool, { places: (name) => find(name).places, agents }));
});

afterEach(async () => {
  await agent.close();
  for (const machine of machines) await machine.stop();
  await rm(folder, { recursive: true });
});

const pool: Machines = { get: ({ name }) => find(name).connect() };

function find(name: string): TestMachine {
  const found = machines.find((machine) => machine.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

const context: Context = {
  urn: 'urn:app',
  name: 'app',
  stack: 'dev',
  log: (line) => void lines.push(line),
  signal: new AbortController().signal,
};

const access = (name: string) => ({
  ...{ name, id: name, address: '127.0.0.1', host: '127.0.0.1', port: 22, user: 'core' },
  ...{ hostKey: 'ssh-ed25519 AAAA', metadata: {}, cpus: 1, memory: 1024, etcd: true },
});

async function write(sample: Sample): Promise<string> {
  return writeFolder(join(folder, 'app.oci'), layoutFiles(sample));
}

async function inputs(changes: Properties = {}): Promise<Properties> {
  const given = {
    ...{ name: 'app:1', source: join(folder, 'app.oci'), platform: 'linux/amd64', privateKey: 'key' },
    machines: machines.map(({ name }) => access(name)),
    ...changes,
  };
  return handler.complete(given, { name: 'app', old: undefined });
}

const create = async (changes?: Properties) => handler.create(await inputs(changes), context);
const idsOf = () => machines.map(({ docker }) => docker.names.get('app:1'));

describe('an image as a resource', () => {
  test('is on all machines when it is made, and says which one it is', async () => {
    await write(sampleImage([base]));
    const { id, outputs } = await create();
    expect(id).toBe('dev/app');
    expect(outputs).toMatchObject({ imageId: outputs.version, missing: [] });
    expect(idsOf()).toEqual([outputs.imageId, outputs.imageId]);
    expect(lines).toContain('core-2 has it');
    expect(agent.images.get('amd64/app:1')).toMatchObject({
      id: outputs.imageId,
      manifest: { digest: outputs.digest },
    });
  });

  test('its version is another one when the image is, and costs no reading of layers', async () => {
    await write(sampleImage([base]));
    const first = await inputs();
    expect(await inputs()).toEqual(first);
    await write(sampleImage([base, 'more']));
    expect((await inputs()).version).not.toBe(first.version);
  });

  test('a preview says which machines get which layers, and how much leaves this computer', async () => {
    await write(sampleImage([base]));
    const { outputs } = await create();
    await write(sampleImage([base, 'x'.repeat(2048)]));
    lines = [];
    await handler.preview(await inputs(), outputs, context);
    expect(lines).toEqual([
      expect.stringMatching(/^core-1 pulls 1 layer, 2 KiB from here: its app:1 is another image, /),
      expect.stringMatching(/^core-2 pulls 1 layer, 2 KiB from core-1: /),
      expect.stringMatching(/^layer [0-9a-f]{12}, 2 KiB$/),
      expect.stringMatching(/^At most 2(\.\d)? KiB will leave this computer\.$/),
    ]);
    expect(machines[0]?.docker.images.size).toBe(1);
  });

  test('before there are machines it is known how much will go there', async () => {
    await write(sampleImage([base]));
    await handler.preview(await inputs({ machines: unknownValue }), undefined, context);
    expect(lines).toEqual(['app:1 goes to every machine: 1 layer, 293 KiB, once from here']);
  });

  test('refresh finds machines that lost it, and the next update brings it back', async () => {
    await write(sampleImage([base]));
    const { id, outputs } = await create();
    machines[1]?.docker.names.clear();
    const found = await handler.read(id, outputs, await inputs(), context);
    expect(found?.outputs.missing).toEqual(['core-2']);
    expect(handler.drift(found?.outputs ?? {})).toEqual({ missing: 'it is not on core-2' });
    const mended = await handler.update(id, await inputs(), found?.outputs ?? {}, context);
    expect(idsOf()).toEqual([outputs.imageId, outputs.imageId]);
    expect(handler.drift(mended)).toEqual({});
  });

  test('a machine that was not reached is in the state as one that lacks it', async () => {
    await write(sampleImage([base]));
    const [, second] = machines;
    if (second) second.docker.refusal = 'no space left on device';
    const error = await create().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InitFailed);
    expect(error).toMatchObject({
      id: 'dev/app',
      outputs: { missing: ['core-2'] },
      message: expect.stringContaining('core-2 lacks app:1: no space left on device'),
    });
  });

  test('a machine with another processor is left out, and missed by nobody', async () => {
    await write(sampleImage([base]));
    const [, second] = machines;
    if (second) second.docker.architecture = 'arm64';
    const { id, outputs } = await create();
    expect(lines).toContain('core-2 is left out: its processor is arm64, and the image for amd64');
    expect((await handler.read(id, outputs, await inputs(), context))?.outputs.missing).toEqual([]);
  });

  test('takes its name away when it goes, but not from a newer image', async () => {
    await write(sampleImage([base]));
    const { id, outputs } = await create();
    machines[1]?.docker.names.set('app:1', 'sha256:newer');
    await handler.delete(id, outputs, context);
    expect(idsOf()).toEqual([undefined, 'sha256:newer']);
    expect(agent.images.size).toBe(0);
  });

  test('what is no image is refused before anything is sent', async () => {
    await expect(inputs({ source: folder })).rejects.toThrow(
      'oci-layout: neither this file nor manifest.json',
    );
  });
});
