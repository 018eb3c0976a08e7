import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ssh2 from 'ssh2';
import { generateSshKey } from './key-pair.ts';
import { fingerprint, publicKeyBlob } from './public-key.ts';

test('ssh-keygen reads the pair and agrees on public key and fingerprint', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-key-'));
  const file = join(directory, 'key');
  const { privateKey, publicKey } = generateSshKey('flotilla one-time');
  writeFileSync(file, privateKey, { mode: 0o600 });
  expect(execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim()).toBe(publicKey);
  const listed = execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' });
  expect(listed).toContain(fingerprint(publicKeyBlob(publicKey)));
  expect(listed).toContain('flotilla one-time');
  rmSync(directory, { recursive: true });
});

test('every key can be read back, whatever its bytes and the length of its comment', () => {
  for (let run = 0; run < 600; run += 1) {
    const { privateKey, publicKey } = generateSshKey('c'.repeat(run % 20));
    const parsed = ssh2.utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    expect(parsed.getPublicSSH()).toEqual(publicKeyBlob(publicKey));
  }
});

test.each(['', 'ssh-rsa AAAAB3NzaC1yc2E=', 'ssh-ed25519', 'ssh-ed25519 AAAA'])(
  '%j is no ed25519 public key',
  (line) => {
    expect(() => publicKeyBlob(line)).toThrow('Expected a public key like "ssh-ed25519 AAAA…"');
  },
);
