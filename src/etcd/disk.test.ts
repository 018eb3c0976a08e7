import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { etcdDiskFiles } from './disk.ts';
import { factsScript, layoutScript } from './facts.ts';
import { fileNames } from './files.ts';

/*
 * The program by the real shell, with the real wipefs, blkid and mkfs.ext4, on files of a disk's size. Only what the kernel
 * would know of disks stands in: lsblk's list, mount, mountpoint.
 */

const gib = 1024 ** 3;
const uuids = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let machine: string;
const at = (name: string) => join(machine, name);

beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), 'flotilla-disk-'));
  for (const folder of ['bin', 'etc', 'disks']) mkdirSync(at(folder));
  writeFileSync(at('list'), '');
  stand('lsblk', `case $* in *SIZE*) cat ${at('list')} ;; *) cut -d' ' -f1 ${at('list')} ;; esac`);
  stand('mount', `echo "$@" >>${at('mounted')}`);
  stand('mountpoint', `[ -e ${at('mounted')} ]`);
});

afterEach(() => rmSync(machine, { recursive: true }));

function stand(program: string, script: string): void {
  writeFileSync(at(join('bin', program)), `#!/bin/sh\n${script}\n`);
  chmodSync(at(join('bin', program)), 0o755);
}

/** One more disk, which reads as nothing but zeros. */
function plug(name: string, { size = gib, type = 'disk' } = {}): string {
  const file = at(join('disks', name));
  closeSync(openSync(file, 'a'));
  truncateSync(file, size);
  writeFileSync(at('list'), `${file} ${type} ${size}\n`, { flag: 'a' });
  return file;
}

const unplug = () => writeFileSync(at('list'), '');
const reboot = () => rmSync(at('mounted'), { force: true });

const layout = () => ({ directory: at('etc'), dataDirectory: at('data'), clientPort: 1, peerPort: 2 });
const environment = () => ({ ...process.env, PATH: `${at('bin')}:/usr/sbin:/usr/bin:/sbin:/bin` });

/** etcd's start, as far as its disk goes. */
function start() {
  const [program, dropIn] = etcdDiskFiles(1, layout());
  writeFileSync(program?.path ?? '', program?.contents ?? '');
  const [, command = '', ...args] = /^ExecStartPre=\+(\S+) (\S+) (\S+) (\S+) (\S+)$/m.exec(
    dropIn?.contents ?? '',
  ) ?? [''];
  return spawnSync(command, args, { encoding: 'utf8', env: environment() });
}

function started(): void {
  const { status, stderr } = start();
  expect([status, stderr]).toEqual([0, '']);
}

function refused(words: string): void {
  const { status, stderr } = start();
  expect([status, stderr]).toEqual([1, expect.stringContaining(words)]);
  expect(existsSync(at('mounted'))).toBe(false);
}

const tags = (disk: string) =>
  spawnSync('blkid', ['-p', '-o', 'export', disk], { encoding: 'utf8', env: environment() }).stdout;
const run = (...command: readonly string[]) => {
  const [program = '', ...args] = command;
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env: environment() });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
};
const mark = () => readFileSync(at('etc/etcd-disk'), 'utf8').trim();

/** That nothing was written to these disks: a write would tell by its time. */
function untouched(work: () => void, ...disks: readonly string[]): void {
  const before = new Date(0);
  for (const disk of disks) utimesSync(disk, before, before);
  work();
  expect(disks.map((disk) => statSync(disk).mtime)).toEqual(disks.map(() => before));
}

describe("etcd's disk", () => {
  test('that is empty gets a file system, whose UUID the machine keeps, and is mounted', () => {
    plug('root', { size: 8 * gib });
    const disk = plug('nvme1n1');
    started();
    expect(mark()).toMatch(uuids);
    expect(tags(disk)).toMatch(/^TYPE=ext4$/m);
    expect(tags(disk)).toMatch(/^LABEL=flotilla-etcd$/m);
    expect(tags(disk)).toContain(`UUID=${mark()}`);
    expect(readFileSync(at('mounted'), 'utf8')).toBe(
      `-o noatime,nodev,nosuid,noexec ${disk} ${at('data')}\n`,
    );
  });

  test('is mounted and not formatted when the machine boots again, whatever the kernel calls it then', () => {
    const disk = plug('nvme1n1');
    started();
    unplug();
    reboot();
    plug('nvme1n1');
    plug('nvme2n1');
    untouched(started, disk, at('disks/nvme2n1'));
    expect(readFileSync(at('mounted'), 'utf8')).toContain(` ${disk} `);
  });

  test('that is mounted already is left alone', () => {
    plug('nvme1n1');
    started();
    unplug();
    started();
  });

  test('that has grown is still the one', () => {
    const disk = plug('nvme1n1');
    started();
    unplug();
    reboot();
    plug('nvme1n1', { size: 2 * gib });
    started();
    expect(readFileSync(at('mounted'), 'utf8')).toContain(` ${disk} `);
  });
});

describe('a disk is never written to', () => {
  test.each([
    ['a file system', 'ext4', (disk: string) => run('mkfs.ext4', '-q', disk)],
    ['swap', 'swap', (disk: string) => run('mkswap', '-q', disk)],
    ['a partition table', 'dos', (disk: string) => writeAt(disk, 510, '55aa')],
    ['a volume of LVM', 'LVM2_member', (disk: string) => writeLvm(disk)],
    ['an encrypted volume', 'crypto_LUKS', (disk: string) => writeAt(disk, 0, '4c554b53babe0001')],
  ])('that holds %s', (_, found, fill) => {
    const disk = plug('nvme1n1');
    fill(disk);
    untouched(() => refused(`none of 1 GiB is here that is empty; ${disk} holds ${found}`), disk);
    expect(existsSync(at('etc/etcd-disk'))).toBe(false);
  });

  test('that was the disk of another member', () => {
    const disk = plug('nvme1n1');
    started();
    reboot();
    rmSync(at('etc/etcd-disk'));
    untouched(() => refused(`${disk} holds ext4`), disk);
  });

  test.each([
    ['of another size', { size: 2 * gib }],
    ['that is only nearly of that size, as instance stores are', { size: 1_000_000_000 }],
    ['that is none, but a loop', { type: 'loop' }],
  ])('%s', (_, as) => {
    const disk = plug('nvme1n1', as);
    untouched(() => refused('none of 1 GiB is here that is empty\n'), disk);
  });

  test('where two are empty and nothing tells which one is meant', () => {
    const disks = [plug('nvme1n1'), plug('nvme2n1')];
    untouched(() => refused(`${disks.join(' ')} are empty and have 1 GiB`), ...disks);
  });

  test('where it can’t be read', () => {
    const disk = plug('nvme1n1');
    rmSync(disk);
    refused(disk);
  });
});

describe('a member that has begun', () => {
  test('does not begin anew on an empty disk when its own is gone', () => {
    plug('nvme1n1');
    started();
    reboot();
    unplug();
    const empty = plug('nvme2n1');
    untouched(() => refused(`the file system ${mark()}, in which this member's data is, is on none`), empty);
  });

  test('does not choose between its disk and a copy of it', () => {
    const disk = plug('nvme1n1');
    started();
    reboot();
    run('cp', '--sparse=always', disk, at('disks/nvme2n1'));
    plug('nvme2n1');
    refused(`have the same file system, ${mark()}: take the copy away`);
  });

  test('counts as one that has data while its disk is not mounted: to start it comes before to call it lost', () => {
    const told = () =>
      spawnSync(
        'sh',
        ['-c', `${layoutScript}\nset +e\n${factsScript}`, 'facts', at('etc'), at('data'), '1'],
        {
          encoding: 'utf8',
          env: environment(),
        },
      ).stdout.includes('hasData=yes');
    expect(told()).toBe(false);
    plug('nvme1n1');
    started();
    expect(told()).toBe(false);
    reboot();
    expect(told()).toBe(true);
    rmSync(at(`etc/${fileNames.disk}`));
    expect(told()).toBe(false);
    mkdirSync(at('data/member'));
    expect(told()).toBe(true);
  });
});

test.each(['while the file system is made', 'right after it was made'])(
  'a boot that is cut off %s goes on',
  (when) => {
    const disk = plug('nvme1n1');
    stand('mkfs.ext4', `${when.startsWith('while') ? '' : '/usr/sbin/mkfs.ext4 "$@";'} exit 1`);
    expect(start().status).toBe(1);
    expect(existsSync(at('etc/etcd-disk'))).toBe(false);
    rmSync(at('bin/mkfs.ext4'));
    started();
    expect(tags(disk)).toContain(`UUID=${mark()}`);
  },
);

function writeAt(file: string, offset: number, bytes: string): void {
  const open = openSync(file, 'r+');
  writeSync(open, Buffer.from(bytes, 'hex'), 0, undefined, offset);
  closeSync(open);
}

/** A label of LVM's in the second sector, with its checksum (lib/format_text/layout.h). */
function writeLvm(file: string): void {
  const sector = Buffer.alloc(512);
  sector.write('LABELONE', 0);
  sector.writeBigUInt64LE(1n, 8);
  sector.writeUInt32LE(32, 20);
  sector.write('LVM2 001', 24);
  sector.write('abcdefghijklmnopqrstuvwxyz012345', 32);
  sector.writeUInt32LE(checksum(sector.subarray(20)), 16);
  writeAt(file, 512, sector.toString('hex'));
}

/** CRC-32 as LVM has it: its own start, and no turn in the end. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xf597a6cf;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return crc >>> 0;
}
