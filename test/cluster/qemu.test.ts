import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chooseAccelerator, probeBoot } from '../../src/qemu/accelerator.ts';
import type { MachineSpec } from '../../src/qemu/arguments.ts';
import type { Image } from '../../src/qemu/image.ts';
import { ensureImage } from '../../src/qemu/image.ts';
import { startMachine } from '../../src/qemu/machine.ts';
import { type MachineState, readMachine } from '../../src/qemu/machine-state.ts';
import { controlNetwork, startNetwork, stopNetwork } from '../../src/qemu/network.ts';
import { machineFolder, machinePaths } from '../../src/qemu/paths.ts';
import { wanMac } from '../../src/qemu/seed.ts';
import { WakeFailed } from '../../src/qemu/snapshot.ts';
import { waitForSsh } from '../../src/qemu/ssh-banner.ts';
import { stopMachine } from '../../src/qemu/stop-machine.ts';
import { ensureTemplate } from '../../src/qemu/template.ts';
import { templateHost, templateKey } from '../../src/qemu/template-key.ts';

const log = (line: string) => void process.stdout.write(`${line}\n`);
const name = 'core-1';
let stack: string;
let folder: string;

beforeEach(async () => {
  stack = await mkdtemp(join(tmpdir(), 'qemu-'));
  folder = machineFolder(stack, name);
});

afterEach(async () => {
  await stopMachine(folder, log);
  await stopNetwork(stack);
  await rm(stack, { recursive: true });
});

/** A disk with nothing on it: the firmware looks for a system and waits. Enough for all that concerns QEMU. */
async function blankImage(): Promise<Image> {
  const file = join(stack, 'blank.raw');
  await writeFile(file, '');
  await truncate(file, 1024 ** 2);
  return { key: 'blank', folder: stack, disk: { file, format: 'raw' } };
}

const lanMac = '52:54:00:77:00:01';
const networkConfig = `version: 2
ethernets:
  lan: {match: {macaddress: "${lanMac}"}, addresses: [10.77.0.11/24]}
  wan: {match: {macaddress: "${wanMac}"}, dhcp4: true}
`;

function spec(image: Image, changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    ...{ name, folder, image, accelerator: 'tcg', cpus: 1, memory: 256, disk: 1, ports: [80] },
    lanMac,
    seed: { userData: '#cloud-config\n', metaData: 'instance-id: i-1\n', networkConfig },
    ...changes,
  };
}

function pidOf(machine: MachineState | undefined): number {
  if (machine?.pid === undefined) throw new Error('the machine does not run');
  return machine.pid;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(50)) if (await condition()) return;
  throw new Error('not within 10 s');
}

describe('a machine without a system', () => {
  test('is started once, and adopted from then on', async () => {
    const wanted = spec(await blankImage());
    const first = await startMachine(wanted, { log });
    expect(first.running).toBe(true);
    expect(Object.keys(first.forwards)).toEqual(['1', '22', '80']);
    expect(await startMachine(wanted, { log })).toEqual(first);
    await rm(machinePaths(folder).pid);
    expect(await startMachine(wanted, { log })).toEqual(first);
  });

  test('gets another port while it runs', async () => {
    const image = await blankImage();
    const first = await startMachine(spec(image), { log });
    const second = await startMachine(spec(image, { ports: [80, 8080] }), { log });
    expect(second).toMatchObject({ pid: first.pid, forwards: first.forwards });
    expect(second.forwards[8080]).toBeGreaterThan(0);
    expect(await readMachine(folder)).toEqual(second);
  });

  test('that was killed starts again on its own disk and ports', async () => {
    const wanted = spec(await blankImage());
    const first = await startMachine(wanted, { log });
    const { ino } = await stat(machinePaths(folder).disk);
    process.kill(pidOf(first), 'SIGKILL');
    await until(async () => (await readMachine(folder))?.running === false);
    const second = await startMachine(wanted, { log });
    expect(second.forwards).toEqual(first.forwards);
    expect((await stat(machinePaths(folder).disk)).ino).toBe(ino);
  });

  test('that was left half made is completed', async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(`${machinePaths(folder).disk}.part`, 'half a disk');
    await writeFile(machinePaths(folder).pid, `${process.pid}\n`);
    expect((await startMachine(spec(await blankImage()), { log })).running).toBe(true);
  });

  test('takes other ports when its own are taken meanwhile', async () => {
    const wanted = spec(await blankImage());
    const first = await startMachine(wanted, { log });
    process.kill(pidOf(first), 'SIGKILL');
    await until(async () => (await readMachine(folder))?.running === false);
    const thief = createServer().listen(first.sshPort, '127.0.0.1');
    await once(thief, 'listening');
    try {
      const second = await startMachine(wanted, { log });
      expect(second.running).toBe(true);
      expect(second.sshPort).not.toBe(first.sshPort);
    } finally {
      thief.close();
    }
  });

  test('that QEMU refuses is told in QEMU’s words', async () => {
    const wanted = spec(await blankImage(), { lanMac: 'no address' });
    await expect(startMachine(wanted, { log })).rejects.toThrow(/core-1: starting QEMU: .*\n.*no address/);
  });

  test.each(['SIGCONT', 'SIGSTOP'] as const)(
    'is gone within 10 s after %s, folder and all',
    async (signal) => {
      process.kill(pidOf(await startMachine(spec(await blankImage()), { log })), signal);
      const start = Date.now();
      await stopMachine(folder, log);
      expect(Date.now() - start).toBeLessThan(10_000);
      expect(await readMachine(folder)).toBeUndefined();
      expect(await readdir(join(stack, 'machines'))).toEqual([]);
    },
  );

  test('whose QEMU ends is not waited for', async () => {
    process.kill(pidOf(await startMachine(spec(await blankImage()), { log })), 'SIGKILL');
    await expect(waitForSsh(name, folder, { log })).rejects.toThrow('core-1: QEMU has ended');
  });

  test('is joined again by a switch that was killed', async () => {
    await startMachine(spec(await blankImage()), { log });
    const isJoined = async () => name in (await controlNetwork(stack, { command: 'status' })).ports;
    const first = await startNetwork(stack, [], { log });
    await until(isJoined);
    process.kill(first.pid, 'SIGKILL');
    await until(async () => (await startNetwork(stack, [], { log })).pid !== first.pid);
    await until(isJoined);
    // A QEMU that doesn't take the new connection would close it at once.
    await sleep(1500);
    expect(await isJoined()).toBe(true);
  });
});

describe('a template of a machine without a system', () => {
  const cache = () => join(stack, 'cache');

  async function template(image: Image) {
    const wanted = spec(image);
    const key = templateKey(wanted, 'blank', await templateHost());
    const makeReady = async (at: string, memoryFile: string) => {
      await startMachine({ ...wanted, name: 'template', folder: at, ports: [] }, { log, memoryFile });
      return { privateKey: 'none', hostKey: 'none' };
    };
    return ensureTemplate(wanted, key, makeReady, { log, cache: cache() });
  }

  test('is made once, and leaves nothing but itself', async () => {
    const image = await blankImage();
    const both = await Promise.all([template(image), template(image)]);
    expect(both[0]).toEqual(both[1]);
    expect(await readdir(cache())).toEqual([both[0].key, `${both[0].key}.lock`]);
    expect((await readdir(both[0].folder)).sort()).toEqual(
      ['devices', 'disk.qcow2', 'host-key.pub', 'key', 'manifest.json', 'memory'].sort(),
    );
    // QEMU 7.2 opens it for writing, which only root may do with a file that nobody may write.
    expect((await stat(both[0].memory)).mode & 0o777).toBe(0o600);
    expect((await stat(join(both[0].folder, 'key'))).mode & 0o777).toBe(0o400);
  });

  test('is woken from, and what runs then leaves it as it was', async () => {
    const from = await template(await blankImage());
    const before = await sha256(from.memory);
    expect((await startMachine(spec(await blankImage()), { log, from })).running).toBe(true);
    await sleep(1000);
    expect(await sha256(from.memory)).toBe(before);
  });

  test('that is incomplete is made anew', async () => {
    const image = await blankImage();
    const { folder } = await template(image);
    await rm(join(folder, 'key'));
    await template(image);
    expect(await readdir(folder)).toContain('key');
  });

  test('that is damaged is not woken from', async () => {
    const from = await template(await blankImage());
    await chmod(from.devices, 0o600);
    await truncate(from.devices, 1000);
    const waking = startMachine(spec(await blankImage()), { log, from });
    await expect(waking).rejects.toBeInstanceOf(WakeFailed);
  });

  test('that finds no room says so', async () => {
    const wanted = spec(await blankImage(), { memory: 1024 ** 3 });
    const making = ensureTemplate(wanted, 'large', () => Promise.reject(new Error('tried')), {
      log,
      cache: cache(),
    });
    await expect(making).rejects.toThrow(
      /a template takes up to \d+ MiB, .* free some, or set XDG_CACHE_HOME/,
    );
  });
});

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

test('a boot sector tells whether an accelerator works', async () => {
  expect(await probeBoot({}, ['-accel', 'tcg'], 20_000, log)).toBeUndefined();
  expect(await probeBoot({}, ['-accel', 'none-such'], 20_000, log)).toContain('none-such');
});

test('a machine whose kernel dies is not waited for', async () => {
  const { boot } = await ensureImage({ kind: 'debian', suite: 'trixie' }, { log });
  await startMachine(spec({ ...(await blankImage()), ...(boot && { boot }) }), { log });
  const failure = waitForSsh(name, folder, { log });
  await expect(failure).rejects.toThrow("core-1: the guest's kernel died");
  await expect(failure).rejects.toThrow("can't mount /dev/vda as the root file system");
}, 600_000);

test('a machine of the built image boots to SSH', async () => {
  const image = await ensureImage({ kind: 'debian', suite: 'trixie' }, { log });
  const { accelerator } = await chooseAccelerator(image, { log });
  await startMachine(spec(image, { accelerator, memory: 768, disk: 8 }), { log });
  await waitForSsh(name, folder, { log });
}, 600_000);
