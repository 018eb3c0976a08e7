import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { environmentLines } from '../model/machine-environment.ts';
import { environmentScript } from './environment-file.ts';

const root = mkdtempSync(join(tmpdir(), 'flotilla-environment-'));
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(root, 'etc-'));
  file = join(folder, 'environment');
});

afterAll(() => rmSync(root, { recursive: true }));

const lines = environmentLines({ name: 'core-1', address: '10.77.0.11' });
const elsewhere = environmentLines({ name: 'core-1', address: '10.77.0.99' });
const written = `${lines}\n`;

/** Runs the function as a machine would. */
function run(kind: 'look' | 'prepare', before = '') {
  const body = `${before}${environmentScript}environment "$@"`;
  return spawnSync('sh', ['-c', body, 'sh', file, lines, kind], { encoding: 'utf8' });
}

function prepare(contents: string): string {
  writeFileSync(file, contents);
  expect(run('prepare')).toMatchObject({ status: 0, stdout: 'other\n', stderr: '' });
  return readFileSync(file, 'utf8');
}

test('a machine is named, and has its address under CoreOS’s names and ours', () => {
  expect(lines.split('\n')).toEqual([
    'COREOS_PRIVATE_IPV4=10.77.0.11',
    'COREOS_PUBLIC_IPV4=10.77.0.11',
    'FLOTILLA_MACHINE=core-1',
    'FLOTILLA_ADDRESS=10.77.0.11',
  ]);
});

test('a new machine gets a file that all can read', () => {
  expect(run('prepare')).toMatchObject({ status: 0, stdout: 'other\n' });
  expect(readFileSync(file, 'utf8')).toBe(written);
  expect(statSync(file).mode & 0o777).toBe(0o644);
});

test('a file as earlier versions wrote it at first boot is left alone', () => {
  writeFileSync(file, written);
  const { ino, mtimeMs } = statSync(file);
  expect(run('look').stdout).toBe('same\n');
  expect(run('prepare').stdout).toBe('same\n');
  expect(statSync(file)).toMatchObject({ ino, mtimeMs });
});

test('to look changes nothing', () => {
  writeFileSync(file, `${elsewhere}\n`);
  expect(run('look')).toMatchObject({ status: 0, stdout: 'other\n' });
  expect(readFileSync(file, 'utf8')).toBe(`${elsewhere}\n`);
  rmSync(file);
  expect(run('look')).toMatchObject({ status: 0, stdout: 'other\n' });
  expect(readdirSync(folder)).toEqual([]);
});

test('another address takes the place of the old one', () => {
  expect(prepare(`${elsewhere}\nPROXY=http://proxy:3128\n`)).toBe(`${written}PROXY=http://proxy:3128\n`);
});

test.each([
  ['one that is said twice', 'FLOTILLA_ADDRESS=10.0.0.1\nA=1\nFLOTILLA_ADDRESS=10.0.0.2\n', 'A=1\n'],
  ['one that is exported', 'export COREOS_PRIVATE_IPV4="10.0.0.1"\nA=1\n', 'A=1\n'],
  ['one with spaces, which systemd takes', ' FLOTILLA_MACHINE =other\nA=1\n', 'A=1\n'],
  ['one in a remark, which nobody takes', '# FLOTILLA_MACHINE=other\n', '# FLOTILLA_MACHINE=other\n'],
  ['one whose name only begins so', 'FLOTILLA_MACHINES=3\n', 'FLOTILLA_MACHINES=3\n'],
])('of lines that are ours or look like it: %s', (_, before, others) => {
  expect(prepare(before)).toBe(`${written}${others}`);
});

test('an owner’s last line without its end, or with a backslash there, does not swallow ours', () => {
  expect(prepare('PATH=/usr/bin')).toBe(`${written}PATH=/usr/bin`);
  expect(prepare('PATH=/usr/bin\\\n')).toBe(`${written}PATH=/usr/bin\\\n`);
});

test('whatever an owner wrote stays, byte for byte, and a second time changes nothing', () => {
  const line = fc.stringMatching(/^[A-E #="'\\$é\t;]{0,12}$/);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), fc.boolean(), (own, ended) => {
      const others = `${own.join('\n')}${ended ? '\n' : ''}`;
      expect(prepare(others)).toBe(`${written}${others}`);
      expect(run('prepare').stdout).toBe('same\n');
    }),
    { numRuns: 30 },
  );
});

test('mode and link stay', () => {
  const target = join(folder, 'managed');
  writeFileSync(target, 'TOKEN=x\n');
  chmodSync(target, 0o600);
  symlinkSync('managed', file);
  expect(run('prepare').status).toBe(0);
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(readFileSync(target, 'utf8')).toBe(`${written}TOKEN=x\n`);
  expect(readdirSync(folder).sort()).toEqual(['environment', 'managed']);
});

const advice = () => `${file} can't be written: see whether the disk there is full or read-only`;

test('a disk that fills up midway leaves the old file', () => {
  const others = `${'A=1234567890\n'.repeat(200)}`;
  writeFileSync(file, others);
  // A file may have 1024 bytes, and whoever writes more is told so instead of being killed.
  const { status, stderr } = run('prepare', "trap '' XFSZ; ulimit -f 2; ");
  expect(status).toBe(1);
  expect(stderr).toContain(advice());
  expect(readFileSync(file, 'utf8')).toBe(others);
  expect(readdirSync(folder)).toEqual(['environment']);
});

test('a full disk of a new machine, and a folder that can’t be written, are said with the next step', () => {
  symlinkSync('/dev/full', `${file}.new`);
  expect(run('prepare')).toMatchObject({ status: 1, stderr: expect.stringContaining(advice()) });
  expect(readdirSync(folder)).toEqual([]);
  file = join(folder, 'none', 'environment');
  expect(run('prepare')).toMatchObject({ status: 1, stderr: expect.stringContaining(advice()) });
});
