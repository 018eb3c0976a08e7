import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import ssh2 from 'ssh2';
import { connect } from './connect.ts';
import type { SshTarget } from './connection.ts';
import { AuthenticationError, HostKeyError } from './errors.ts';
import { generateSshKey } from './key-pair.ts';
import { canonicalPublicKey, fingerprint, publicKeyBlob } from './public-key.ts';
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

/** @returns its port on 127.0.0.1 */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** An ssh-agent that has one key. */
async function serveAgent(path: string, privateKey: string): Promise<string> {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  const server = createServer((socket) => {
    const agent = new ssh2.AgentProtocol(false);
    agent.on('identities', (request) => agent.getIdentitiesReply(request, [key]));
    agent.on('sign', (request, _key, data) => agent.signReply(request, key.sign(data)));
    socket.on('error', () => {});
    socket.pipe(agent).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  closeLater(server);
  return path;
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
    expect(error.message).toContain('write its new key into `hostKey:` in flotilla:hosts');
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
    await expect(waiting).rejects.toThrow(/^core-1 did not answer SSH within 1 s; .*ECONNREFUSED[^.]*\S*$/);
  });

  test('a port that accepts and stays silent is not an answer', async () => {
    const { target } = await started();
    const silent = createServer((socket) => closing.push(async () => socket.destroy()));
    const port = await listening(silent);
    const began = Date.now();
    await expect(connect({ ...target, port }, { deadline: 1.5 })).rejects.toThrow('no SSH banner within');
    expect(Date.now() - began).toBeLessThan(4000);
    closing.reverse();
    closeLater(silent);
  });

  test('a busy machine is waited for twice as long before it is asked again', async () => {
    const { target } = await started();
    const busy = createServer((socket) => {
      const speak = () => {
        const sshd = createConnection(target.port, target.host);
        for (const end of [socket, sshd]) end.on('error', () => sshd.destroy());
        socket.pipe(sshd).pipe(socket);
      };
      const slow = setTimeout(speak, 5000);
      socket.once('close', () => clearTimeout(slow));
    });
    const port = await listening(busy);
    closeLater(busy);
    const connection = await connect({ ...target, port }, { deadline: 11 });
    await connection.close();
  });

  test('an abort ends the wait with its reason', async () => {
    const { target } = await started();
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('user pressed ^C')), 100);
    const waiting = connect({ ...target, port: await freePort() }, { deadline: 20, signal: stop.signal });
    await expect(waiting).rejects.toThrow('user pressed ^C');
  });

  test('a fingerprint pins a host key as its line does, and the connection names the line', async () => {
    const { server, target } = await started();
    const pinned = fingerprint(publicKeyBlob(target.hostKey));
    const connection = await connect({ ...target, hostKey: pinned });
    expect(connection.target.hostKey).toBe(canonicalPublicKey(target.hostKey));
    await connection.close();
    const before = server.authentications;
    const other = fingerprint(publicKeyBlob(generateSshKey('other').publicKey));
    const error = await connect({ ...target, hostKey: other }, { deadline: 20 }).catch((cause) => cause);
    expect(error).toBeInstanceOf(HostKeyError);
    expect(error.shown).toBe(pinned);
    expect(server.authentications).toBe(before);
  });

  test('the keys of an ssh-agent log in where one is named', async () => {
    const { target } = await started();
    const folder = mkdtempSync(join(tmpdir(), 'ssh-agent-'));
    closing.push(async () => rmSync(folder, { recursive: true }));
    const identityAgent = await serveAgent(join(folder, 'socket'), target.privateKey);
    const connection = await connect({ ...target, privateKey: '', identityAgent });
    expect((await connection.exec({ argv: ['echo', 'in'] })).stdout).toBe('in\n');
    await connection.close();
    const stranger = await serveAgent(join(folder, 'other'), generateSshKey('stranger').privateKey);
    const refused = connect({ ...target, identityAgent: stranger }, { deadline: 20 });
    await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
  });

  test('a pinned key that is no key is refused before dialing', async () => {
    const { server, target } = await started();
    await expect(connect({ ...target, hostKey: 'ssh-rsa AAAA' }, { deadline: 1 })).rejects.toThrow(
      'ssh-ed25519 AAAA…',
    );
    expect(server.accepted).toBe(0);
  });
});
