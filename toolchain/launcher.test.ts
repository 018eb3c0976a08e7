import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ensurePassphrase, makeNeeded } from './launcher.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-launcher-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('ensurePassphrase', () => {
  test('makes one once, readable by its owner only', () => {
    const path = join(folder, 'home', 'passphrase');
    ensurePassphrase(path);
    const first = readFileSync(path, 'utf8');
    ensurePassphrase(path);
    expect(readFileSync(path, 'utf8')).toBe(first);
    expect(Buffer.from(first, 'base64url')).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'home')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'home'))).toEqual(['passphrase']);
  });

  test('no two are the same', () => {
    const [a, b] = ['a', 'b'].map((name) => join(folder, name));
    for (const path of [a, b]) ensurePassphrase(path ?? '');
    expect(readFileSync(a ?? '', 'utf8')).not.toBe(readFileSync(b ?? '', 'utf8'));
  });
});

describe('makeNeeded', () => {
  const needed = () => ({ stateFolder: join(folder, 'state'), passphraseFile: join(folder, 'passphrase') });

  test('makes the state folder, readable by its owner only, and a passphrase', () => {
    const { stateFolder, passphraseFile } = needed();
    makeNeeded({ stateFolder, passphraseFile });
    expect(statSync(stateFolder).mode & 0o777).toBe(0o700);
    expect(existsSync(passphraseFile)).toBe(true);
  });

  test('a state without its passphrase is refused, and gets no new one', () => {
    const { stateFolder, passphraseFile } = needed();
    mkdirSync(join(stateFolder, '.pulumi', 'stacks'), { recursive: true });
    expect(() => makeNeeded({ stateFolder, passphraseFile })).toThrow(
      `${passphraseFile} is gone, and without it the secrets of the state in ${stateFolder} can't be read`,
    );
    expect(existsSync(passphraseFile)).toBe(false);
  });

  test('neither is made where the user has their own', () => {
    makeNeeded({ stateFolder: undefined, passphraseFile: undefined });
    expect(readdirSync(folder)).toEqual([]);
  });
});
