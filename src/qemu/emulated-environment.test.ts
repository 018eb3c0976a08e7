import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emulatedEnvironment } from './emulated-environment.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'environment-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What systemd would read, on a machine whose kernel says this of its processors. */
function environmentOn(cpuinfo: string): string {
  const [script, file] = [join(folder, 'generator'), join(folder, 'cpuinfo')];
  writeFileSync(script, emulatedEnvironment);
  writeFileSync(file, cpuinfo);
  return execFileSync('sh', [script, file], { encoding: 'utf8' });
}

const cpuinfo = (model: string) =>
  `processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: ${model}\nflags\t\t: fpu aes avx2\n\n`.repeat(2);

describe('the environment of programs', () => {
  test('on an emulated processor spares what emulation makes slow, each variable once', () => {
    expect(environmentOn(cpuinfo('QEMU TCG CPU version 2.5+'))).toBe(
      'OPENSSL_ia32cap=~0x1000020200000000:~0xffffffffffffffff\n' +
        'GODEBUG=cpu.avx=off,cpu.avx2=off,cpu.ssse3=off,cpu.pclmulqdq=off\n',
    );
  });

  test('is as it was on any other', () => {
    expect(environmentOn(cpuinfo('AMD EPYC 7B13'))).toBe('');
    expect(environmentOn('processor\t: 0\nCPU part\t: 0xd0c\n')).toBe('');
  });
});
