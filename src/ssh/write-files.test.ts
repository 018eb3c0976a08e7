import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { writeFiles } from './write-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'write-files-'));
const { uid, gid } = userInfo();

/** Runs the command as a machine would. */
function run(files: Parameters<typeof writeFiles>[0]) {
  const command = writeFiles(files.map((file) => ({ owner: `${uid}:${gid}`, ...file })));
  const [program = '', ...args] = command.argv;
  return spawnSync(program, args, { input: command.stdin ?? '' });
}

test('files arrive byte for byte, with their modes', () => {
  const binary = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
  const paths = ['a/b/binary', 'empty', "it's $HOME"].map((name) => join(folder, name));
  const contents = [binary, Buffer.alloc(0), Buffer.from('text\n')];
  const files = paths.map((path, index) => ({ path, contents: contents[index] ?? '', mode: '0640' }));
  expect(run(files).status).toBe(0);
  for (const [index, path] of paths.entries()) {
    expect(readFileSync(path).equals(contents[index] ?? Buffer.alloc(1))).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  }
});

test.each([
  ['short', 'new contents'],
  ['long', 'new contents, '.repeat(10_000)],
])('a stream that is cut off leaves the old file: a %s one', (name, contents) => {
  const path = join(folder, name);
  run([{ path, contents: 'old', mode: '0600' }]);
  const command = writeFiles([{ path, contents, mode: '0600', owner: `${uid}:${gid}` }]);
  const [program = '', ...args] = command.argv;
  const cut = Buffer.from(command.stdin ?? '').subarray(0, 8);
  expect(spawnSync(program, args, { input: cut }).status).not.toBe(0);
  expect(readFileSync(path, 'utf8')).toBe('old');
  const empty = spawnSync(program, args, { input: '' });
  expect([empty.status, empty.stderr.toString()]).toEqual([
    1,
    expect.stringContaining('did not arrive whole'),
  ]);
  expect(readFileSync(path, 'utf8')).toBe('old');
});

test('what comes afterwards sees the new files, and does not happen without them', () => {
  const path = join(folder, 'then');
  const command = writeFiles(
    [{ path, contents: 'new', mode: '0600', owner: `${uid}:${gid}` }],
    `cat '${path}'`,
  );
  const [program = '', ...args] = command.argv;
  expect(spawnSync(program, args, { input: 'ne' }).stdout.toString()).toBe('');
  expect(spawnSync(program, args, { input: command.stdin ?? '' }).stdout.toString()).toBe('new');
});

test('what a run that was killed left beside a file does not say who may read it, or where it goes', () => {
  const [path, other] = [join(folder, 'private'), join(folder, 'somebody-elses')];
  writeFileSync(`${path}.new`, 'of the run before', { mode: 0o644 });
  expect(run([{ path, contents: 'secret', mode: '0600' }]).status).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  symlinkSync(other, `${path}.new`);
  expect(run([{ path, contents: 'newer', mode: '0600' }]).status).toBe(0);
  expect([readFileSync(path, 'utf8'), existsSync(other)]).toEqual(['newer', false]);
});

test('a folder in the place of a file is an error, and nothing is put into it', () => {
  const path = join(folder, 'in-the-way');
  mkdirSync(path);
  expect(run([{ path, contents: 'new', mode: '0600' }]).status).not.toBe(0);
  expect(readdirSync(path)).toEqual([]);
});

test('nobody else may read a file before it has its mode and its owner', async () => {
  const path = join(folder, 'secret');
  const files = [{ path, contents: 'long enough to arrive in pieces', mode: '0644', owner: `${uid}:${gid}` }];
  const command = writeFiles(files);
  const [program = '', ...args] = command.argv;
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const closed = once(child, 'close');
  const bytes = Buffer.from(command.stdin ?? '');
  child.stdin.write(bytes.subarray(0, 12));
  while (!existsSync(`${path}.new`)) await sleep(5);
  const { mode } = statSync(`${path}.new`);
  child.stdin.end(bytes.subarray(12));
  await closed;
  expect(mode & 0o777).toBe(0o600);
  expect(statSync(path).mode & 0o777).toBe(0o644);
});
