import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from './connect.ts';
import type { SshTarget } from './connection.ts';
import { AuthenticationError, HostKeyError } from './errors.ts';
import { generateSshKey } from './key-pair.ts';
import { fingerprint, publicKeyBlob } from './public-key.ts';
import { startTestServer, TestServer } from './test-server.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function started(): Promise<{ server: TestServer; target: SshTarget }> {
  const pair = await startTestServer();
  closing.push(() => pair.server.close());
  return pair;
}

function closeLater(server: Server): void {
  closing.push(() => new Promise((resolve) => server.close(resolve)));
}

async function freePort(): Promise<number> {
  const { server, target } = await startTestServer();
  await server.close();
  return target.port;
}

describe('connect', () => {
  test('an impostor is refused at once, before authentication, and the message says all', async () => {
    const { server, target } = await started();
    const expected = generateSshKey('meant').publicKey;
    const error = await connect({ ...target, hostKey: expected }, { deadline: 20 }).catch((cause) => cause);
    expect(error).toBeInstanceOf(HostKeyError);
    expect(error.message).toContain(`core-1 (127.0.0.1:${target.port})`);
    expect(error.message).toContain(`expected host key ${fingerprint(publicKeyBlob(expected))}`);
    expect(error.message).toContain(`got ${fingerprint(publicKeyBlob(target.hostKey))}`);
    expect(error.message).toContain('raise `generation:` of its group');
    expect(server.authentications).toBe(0);
    expect(server.accepted).toBe(1);
  });

  test('a refused user key ends the wait at once', async () => {
    const { server, target } = await started();
    const stranger = { ...target, privateKey: generateSshKey('stranger').privateKey };
    const error = await connect(stranger, { deadline: 20 }).catch((cause) => cause);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.message).toContain('refused the key of user core');
    expect(server.accepted).toBe(1);
  });

  test('waits for a machine that does not listen yet', async () => {
    const host = generateSshKey('host');
    const user = generateSshKey('user');
    const port = await freePort();
    const server = new TestServer({ hostPrivateKey: host.privateKey, userPublicKey: user.publicKey });
    closing.push(() => server.close());
    setTimeout(() => void server.listen(port), 700);
    const target = { name: 'slow', host: '127.0.0.1', port, user: 'core', ...user, hostKey: host.publicKey };
    const connection = await connect(target, { deadline: 15 });
    expect((await connection.exec({ argv: ['echo', 'up'] })).stdout).toBe('up\n');
    await connection.close();
  });

  test('the deadline names machine, time and last failure', async () => {
    const { target } = await started();
    const port = await freePort();
    const waiting = connect({ ...target, port }, { deadline: 1 });
    await expect(waiting).rejects.toThrow(
      /core-1 did not answer SSH within 1 s; .*ECONNREFUSED.*machines\/core-1\/console\.log.*`npm run up -- --refresh`/,
    );
  });

  test('a port that accepts and stays silent is not an answer', async () => {
    const { target } = await started();
    const silent = createServer((socket) => closing.push(async () => socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const began = Date.now();
    await expect(connect({ ...target, port }, { deadline: 1.5 })).rejects.toThrow('no SSH banner within');
    expect(Date.now() - began).toBeLessThan(4000);
    closing.reverse();
    closeLater(silent);
  });

  test('an abort ends the wait with its reason', async () => {
    const { target } = await started();
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('user pressed ^C')), 100);
    const waiting = connect({ ...target, port: await freePort() }, { deadline: 20, signal: stop.signal });
    await expect(waiting).rejects.toThrow('user pressed ^C');
  });

  test('a pinned key that is no key is refused before dialing', async () => {
    const { server, target } = await started();
    await expect(connect({ ...target, hostKey: 'ssh-rsa AAAA' }, { deadline: 1 })).rejects.toThrow(
      'ssh-ed25519 AAAA…',
    );
    expect(server.accepted).toBe(0);
  });
});
