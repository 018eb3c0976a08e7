import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NoIdentity } from '../ssh/identity.ts';
import { generateSshKey } from '../ssh/key-pair.ts';
import { operatorTarget } from './login.ts';

describe("the operator's key", () => {
  const folder = mkdtempSync(join(tmpdir(), 'login-'));
  const identityFile = join(folder, 'id');
  const reach = { address: '10.0.0.5', port: 22, user: 'admin', hostKey: `SHA256:${'a'.repeat(43)}` };
  const before = process.env.SSH_AUTH_SOCK;
  const of = (file?: string) => operatorTarget({ ...reach, name: 'core-1', identityFile: file });

  beforeEach(() => writeFileSync(identityFile, generateSshKey('owner').privateKey));

  afterAll(() => rmSync(folder, { recursive: true }));

  afterEach(() => {
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
  });

  test('comes from the file that was named, or else from the ssh-agent', async () => {
    process.env.SSH_AUTH_SOCK = '/run/agent';
    expect(await of()).toMatchObject({ identityAgent: '/run/agent', privateKey: '' });
    expect((await of(identityFile)).identityAgent).toBeUndefined();
    delete process.env.SSH_AUTH_SOCK;
    await expect(of()).rejects.toBeInstanceOf(NoIdentity);
  });

  test('is refused when it asks for a passphrase, with the way out', async () => {
    // The head of what `ssh-keygen -N secret` writes: magic, and the name of the cipher.
    const head = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      Buffer.from([0, 0, 0, 10]),
      Buffer.from('aes256-ctr'),
    ]);
    const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${head.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
    writeFileSync(identityFile, pem);
    await expect(of(identityFile)).rejects.toThrow('has a passphrase');
  });
});
