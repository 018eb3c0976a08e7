import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CertificateFiles, FakeCertificateFiles, LocalCertificateFiles } from './certificate-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-certificates-'));
});
afterEach(() => rm(folder, { recursive: true }));

const unit = 'app@1.service';
const set = (word: string) => ({ certificate: `${word} crt`, privateKey: `${word} key`, authority: 'ca' });
const uid = process.getuid?.() ?? 0;
const owner = { uid, gid: process.getgid?.() ?? 0 };

describe.each<[string, () => CertificateFiles]>([
  ['on the disk', () => new LocalCertificateFiles(join(folder, 'certificates'))],
  ['in memory', () => new FakeCertificateFiles()],
])('certificates %s', (_, make) => {
  test('are there as they were written, replaced as a whole, and gone', async () => {
    const files = make();
    expect([await files.units(), await files.read(unit)]).toEqual([[], undefined]);
    for (const word of ['one', 'two']) {
      await files.write(unit, set(word), owner);
      expect(await files.read(unit)).toMatchObject({ ...set(word), uid });
    }
    expect(await files.units()).toEqual([unit]);
    await files.remove(unit);
    await files.remove(unit);
    expect([await files.units(), await files.read(unit)]).toEqual([[], undefined]);
  });

  test('remember that a program is to be told', async () => {
    const files = make();
    expect(await files.isReloadDue(unit)).toBe(false);
    await files.setReloadDue(unit, true);
    await files.write(unit, set('one'), owner);
    expect(await files.isReloadDue(unit)).toBe(true);
    await files.setReloadDue(unit, false);
    await files.setReloadDue(unit, false);
    expect(await files.isReloadDue(unit)).toBe(false);
  });
});

describe('on the disk', () => {
  const at = (...path: readonly string[]) => join(folder, unit, ...path);
  const make = () => new LocalCertificateFiles(folder);

  test('others may read the certificates, and only the owner the key', async () => {
    await make().write(unit, set('one'), owner);
    const modeOf = async (name: string) => (await stat(at(name))).mode & 0o777;
    expect(await Promise.all(['tls.crt', 'ca.crt', 'tls.key', '.'].map(modeOf))).toEqual([
      0o644, 0o644, 0o600, 0o755,
    ]);
    expect((await stat(at('tls.key'))).uid).toBe(uid);
  });

  test('one link turns all three, and what was before is gone, also what an agent left half-written', async () => {
    for (const half of [at('.0123456789ab'), join(folder, '.staged', unit)]) {
      await mkdir(half, { recursive: true });
      await writeFile(join(half, 'tls.key'), 'half');
    }
    await make().write(unit, set('one'), owner);
    await make().write(unit, set('two'), owner);
    expect(await readFile(at('tls.key'), 'utf8')).toBe('two key');
    for (const name of ['tls.crt', 'tls.key', 'ca.crt', '.current'])
      expect((await lstat(at(name))).isSymbolicLink()).toBe(true);
    const versions = /^\.[0-9a-f]{12}$/;
    const names = await readdir(at());
    expect(names.filter((name) => versions.test(name))).toHaveLength(1);
    expect(names.filter((name) => !versions.test(name)).sort()).toEqual([
      ...['.current', 'ca.crt', 'tls.crt', 'tls.key'],
    ]);
  });

  test('links that a container left in its volume lead the agent nowhere', async () => {
    const precious = join(folder, 'precious');
    await writeFile(precious, 'precious');
    await mkdir(at());
    const planted = ['tls.key', '.tls.key', '.current', '..current', '.reload-due'];
    for (const name of planted) await symlink(precious, at(name));
    await make().setReloadDue(unit, true);
    await make().write(unit, set('one'), owner);
    await make().setReloadDue(unit, false);
    expect(await readFile(precious, 'utf8')).toBe('precious');
    expect(await make().read(unit)).toMatchObject(set('one'));
    await make().remove(unit);
    expect(await readFile(precious, 'utf8')).toBe('precious');
  });

  test('what somebody emptied or took away counts as not there', async () => {
    await make().write(unit, set('one'), owner);
    await writeFile(at('tls.crt'), '');
    expect(await make().read(unit)).toBeUndefined();
    await rm(at('tls.crt'));
    expect(await make().read(unit)).toBeUndefined();
  });
});
