import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ensurePassphrase } from './launcher.ts';

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
