import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MachineSpec } from './arguments.ts';
import { startMachine } from './machine.ts';

const path = process.env.PATH;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'machine-'));
});

afterEach(async () => {
  process.env.PATH = path;
  await rm(root, { recursive: true });
});

/** Programs of these names are what is found first. */
async function programs(bodies: Readonly<Record<string, string>>): Promise<void> {
  const folder = join(root, 'bin');
  await mkdir(folder);
  for (const [name, body] of Object.entries(bodies))
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${path}`;
}

function spec(): MachineSpec {
  return {
    name: 'core-1',
    folder: join(root, 'core-1'),
    image: { key: 'x', folder: root, disk: { file: join(root, 'disk.raw'), format: 'raw' } },
    accelerator: 'tcg',
    cpus: 1,
    memory: 512,
    disk: 4,
    lanMac: '52:54:00:77:00:01',
    seed: { userData: '', metaData: '', networkConfig: '' },
    ports: [],
  };
}

test('a QEMU that ends at once is told with its machine, its console and what starts it again', async () => {
  await programs({
    // The last argument but one is the disk's draft.
    'qemu-img':
      '[ "$1" = create ] || { echo "{\\"virtual-size\\": 1}"; exit; }; while [ $# -gt 2 ]; do shift; done; : > "$1"',
    'qemu-system-x86_64': `mkdir -p '${root}/core-1'; echo 'no bootable device' > '${root}/core-1/console.log'`,
  });
  await expect(startMachine(spec(), { log: () => undefined })).rejects.toThrow(
    `core-1: QEMU ended right after its start; the end of ${root}/core-1/console.log:\nno bootable device\n\`npm run up\` starts it again`,
  );
});

test.each([
  ['as large as it is asked to be', 3 * 1024 ** 3, 4 * 1024 ** 3],
  ['no smaller than an image that has its own partitions', 9 * 1024 ** 3, 9 * 1024 ** 3],
])('a disk is %s', async (_, imageBytes, wanted) => {
  await programs({
    'qemu-img': `[ "$1" = create ] || { echo '{"virtual-size": ${imageBytes}}'; exit; }
while [ $# -gt 2 ]; do shift; done; echo "$2" > "$1"`,
    'qemu-system-x86_64': 'exit 1',
  });
  await expect(startMachine(spec(), { log: () => undefined })).rejects.toThrow();
  expect(await readFile(join(root, 'core-1', 'disk.qcow2'), 'utf8')).toBe(`${wanted}\n`);
});

test('a further disk is empty once, and what is on it then stays', async () => {
  await programs({
    'qemu-img': `[ "$1" = create ] || { echo '{"virtual-size": 1}'; exit; }
case $* in *empty*) ;; *) exit ;; esac
while [ $# -gt 2 ]; do shift; done; echo "$2" > "$1"`,
    'qemu-system-x86_64': 'exit 1',
  });
  const start = () => startMachine({ ...spec(), emptyDisks: [10] }, { log: () => undefined });
  const file = join(root, 'core-1', 'empty-0.qcow2');
  await expect(start()).rejects.toThrow();
  expect(await readFile(file, 'utf8')).toBe('10G\n');
  await writeFile(file, 'data');
  await expect(start()).rejects.toThrow();
  expect(await readFile(file, 'utf8')).toBe('data');
});

test('what Ignition reads is a file of its own, which nobody else may read', async () => {
  await programs({
    'qemu-img':
      '[ "$1" = create ] || { echo "{\\"virtual-size\\": 1}"; exit; }; while [ $# -gt 2 ]; do shift; done; : > "$1"',
    'qemu-system-x86_64': 'exit 1',
  });
  const seed = { ignition: '{"ignition":{}}' };
  await expect(startMachine({ ...spec(), seed }, { log: () => undefined })).rejects.toThrow();
  const file = join(root, 'core-1', 'seed', 'config.ign');
  expect(await readFile(file, 'utf8')).toBe(seed.ignition);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(root, 'core-1', 'seed'))).toEqual(['config.ign']);
});
