import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';

const main = JSON.stringify(join(import.meta.dirname, 'main.ts'));
const script = `const { main } = await import(${main}); process.exitCode = await main(process.argv.slice(1));`;

/** A process of its own, because that is what `main` is about. */
function start(args: readonly string[], stdout: 'pipe' | number = 'pipe'): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    stdio: ['ignore', stdout, 'pipe'],
  });
}

async function end(child: ChildProcess) {
  const [[status], out, err] = await Promise.all([
    once(child, 'close'),
    all(child.stdout),
    all(child.stderr),
  ]);
  return { status, stdout: out, stderr: err };
}

async function all(stream: Readable | null): Promise<string> {
  return stream === null || stream.destroyed ? '' : text(stream);
}

test('the process ends by itself, with the exit status of the command', async () => {
  expect(await end(start(['--help']))).toMatchObject({ status: 0, stderr: '' });
  expect(await end(start(['list-units', '--fields', 'colour']))).toMatchObject({ status: 2, stdout: '' });
});

test('a reader of the output that has enough ends the process in silence', async () => {
  const child = start(['--help']);
  child.stdout?.destroy();
  expect(await end(child)).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('nobody reads what is said on the side: the exit status is still that of the command', async () => {
  const child = start(['list-units', '--fields', 'colour']);
  child.stderr?.destroy();
  expect((await end(child)).status).toBe(2);
});

test('output that can not be written is an error, in one line', async () => {
  const readOnly = openSync('/dev/null', 'r');
  const child = start(['--help'], readOnly);
  closeSync(readOnly);
  const { status, stderr } = await end(child);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^flotilla: standard output can't be written: EBADF.*\n$/);
});
