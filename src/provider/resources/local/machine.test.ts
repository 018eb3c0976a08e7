import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { anyHandler } from '../../handler.ts';
import { type Context, type Properties, unknownValue } from '../../resource.ts';
import { machine } from './machine.ts';

const handler = anyHandler(machine);
const context: Context = {
  urn: 'urn:core-1',
  name: 'core-1',
  stack: 'dev',
  log: () => undefined,
  signal: new AbortController().signal,
};

const inputs: Properties = {
  os: 'debian-13',
  image: 'trixie-1',
  cpus: 1,
  memory: 1024,
  disk: 8,
  address: '10.77.12.11/16',
  publishedPorts: [],
  instanceId: 'core-1-1',
  config: {
    hostname: 'core-1',
    groups: [],
    users: [],
    sshHostKey: { privateKey: 'ONE-TIME', publicKey: 'ssh-ed25519 AAAA' },
    files: [],
    units: [],
    packages: [],
  },
  start: 'cold',
};
const old = { ...inputs, host: '127.0.0.1', port: 2201, running: true, incarnation: 'x' };

describe('hardware of a machine that lives', () => {
  test.each([
    ['memory', 2048],
    ['cpus', 2],
    ['disk', 9],
    ['address', '10.77.12.12/16'],
  ])('%s is refused at preview and at update', async (key, value) => {
    const wanted = { ...inputs, [key]: value };
    const refusal = `core-1: ${key} of a machine cannot change while it lives: put the old value back`;
    await expect(handler.preview(wanted, old, context)).rejects.toThrow(refusal);
    await expect(handler.update('dev/core-1', wanted, old, context)).rejects.toThrow(refusal);
  });

  test('published ports are no hardware, and a machine that is not there yet may be any', async () => {
    await expect(handler.preview({ ...inputs, publishedPorts: [80] }, old, context)).resolves.toBeDefined();
    await expect(handler.preview({ ...inputs, memory: 2048 }, undefined, context)).resolves.toBeDefined();
  });
});

test('a machine whose QEMU has ended is said to have changed', () => {
  expect(handler.drift(old)).toEqual({});
  expect(handler.drift({ ...old, running: false })).toEqual({ running: 'QEMU has ended' });
});

describe("a folder of the machine's name that is there before it", () => {
  const before = process.env.FLOTILLA_HOME;
  let folder: string;

  beforeEach(async () => {
    process.env.FLOTILLA_HOME = mkdtempSync(join(tmpdir(), 'flotilla-home-'));
    folder = join(process.env.FLOTILLA_HOME, 'stacks', 'dev', 'machines', 'core-1');
    await mkdir(join(folder, 'seed'), { recursive: true });
  });

  afterEach(() => {
    rmSync(process.env.FLOTILLA_HOME ?? '', { recursive: true });
    if (before === undefined) delete process.env.FLOTILLA_HOME;
    else process.env.FLOTILLA_HOME = before;
  });

  test.each([
    ['debian-13', 'user-data', '#cloud-config\n{}\n'],
    ['flatcar', 'config.ign', '{}'],
  ])(
    'belongs to another state when what %s reads is other: it is left alone, and the way out named',
    async (os, file, text) => {
      await writeFile(join(folder, 'seed', file), text);
      await expect(handler.create({ ...inputs, os }, context)).rejects.toThrow(
        `a machine core-1 of another Pulumi state lives in ${folder}: destroy it from there`,
      );
      expect(existsSync(folder)).toBe(true);
    },
  );

  test('goes with the machine', async () => {
    await handler.delete('dev/core-1', old, context);
    expect(existsSync(folder)).toBe(false);
  });

  test('is of another life than that of the next generation, which goes alone', async () => {
    const next = `${folder}.2`;
    await mkdir(next);
    await handler.delete('dev/core-1.2', { ...old, instanceId: 'core-1-2', life: 'core-1.2' }, context);
    expect([existsSync(folder), existsSync(next)]).toEqual([true, false]);
  });

  test.each([
    ['core-1', 'core-1-3', "core-1 of generation 3 can't come while its generation 1 is still there"],
    ['core-1', 'core-1-4', "core-1 of generation 4 can't come while its generation 1 is still there"],
    ['core-1.2', 'core-1-1', 'core-1 of generation 2 is there already, and a generation never goes down'],
  ])('%s is in the way of %s', async (life, instanceId, refusal) => {
    await rm(folder, { recursive: true });
    await mkdir(join(folder, '..', life));
    const wanted = { ...inputs, instanceId };
    await expect(handler.create(wanted, context)).rejects.toThrow(refusal);
    // At preview there is no one-time host key yet.
    const sketch = { ...wanted, config: unknownValue };
    await expect(handler.preview(sketch, undefined, context)).rejects.toThrow(refusal);
    await expect(handler.preview(sketch, old, context)).resolves.toBeDefined();
  });

  test.each([
    ['the generation before', 'core-1', 'core-1-2'],
    ['its own, as a run left it that was cut off', 'core-1.2', 'core-1-2'],
    ['another machine', 'core-11', 'core-1-3'],
  ])('of %s is in nobody’s way', async (_, life, instanceId) => {
    await rm(folder, { recursive: true });
    await mkdir(join(folder, '..', life));
    await expect(
      handler.preview({ ...inputs, instanceId, config: unknownValue }, undefined, context),
    ).resolves.toBeDefined();
  });

  test('without a machine in it is none', async () => {
    expect(await handler.read('dev/core-1', old, inputs, context)).toBeUndefined();
  });
});
