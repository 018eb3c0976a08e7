import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectBastion } from './bastion.ts';
import { connect } from './connect.ts';
import type { SshTarget } from './connection.ts';
import { AuthenticationError, BastionError, ConnectionLostError, HostKeyError } from './errors.ts';
import { FakeMachine } from './fake.ts';
import { generateSshKey } from './key-pair.ts';
import { ConnectionPool } from './pool.ts';
import { fingerprint, publicKeyBlob } from './public-key.ts';
import { startTestBastion } from './test-bastion.ts';
import { startTestServer, TestServer } from './test-server.ts';

const closing: (() => Promise<unknown>)[] = [];
const agentBefore = process.env.SSH_AUTH_SOCK;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  if (agentBefore === undefined) delete process.env.SSH_AUTH_SOCK;
  else process.env.SSH_AUTH_SOCK = agentBefore;
});

const failure = (attempt: Promise<unknown>): Promise<unknown> => attempt.catch((error: unknown) => error);

async function setUp(options: { readonly forwarding?: boolean } = {}) {
  const bastion = await startTestBastion(options);
  closing.push(() => bastion.close());
  const { server: machine, target } = await startTestServer();
  closing.push(() => machine.close());
  const pool = new ConnectionPool();
  closing.push(() => pool.close());
  return { bastion, machine, pool, target: { ...target, proxyJump: bastion.jump } };
}

describe('machines behind a bastion', () => {
  test('are dialed by it, all over one connection', async () => {
    const { bastion, machine, pool, target } = await setUp();
    const other = await startTestServer();
    closing.push(() => other.server.close());
    const targets = [target, { ...other.target, proxyJump: bastion.jump }];
    const connections = await Promise.all(targets.map((each) => pool.get(each)));
    for (const connection of connections)
      expect((await connection.exec({ argv: ['echo', 'in'] })).stdout).toBe('in\n');
    expect(bastion.server.accepted).toBe(1);
    expect(bastion.server.mostSessions).toBe(0);
    expect(bastion.server.forwards.sort()).toEqual(targets.map(({ host, port }) => `${host}:${port}`).sort());
    expect([machine.accepted, other.server.accepted]).toEqual([1, 1]);
  });

  test('a name is looked up by the bastion', async () => {
    const { bastion, pool, target } = await setUp();
    await pool.get({ ...target, host: 'localhost' });
    expect(bastion.server.forwards).toEqual([`localhost:${target.port}`]);
  });

  test('are never dialed past it: without a pool there is no bastion', async () => {
    const { machine, target } = await setUp();
    await expect(connect(target, { deadline: 5 })).rejects.toThrow(
      'core-1 is behind a bastion: only a ConnectionPool connects to it',
    );
    expect(machine.accepted).toBe(0);
  });

  test('are waited for while they boot, by a bastion that is there', async () => {
    const { bastion, pool, target } = await setUp();
    const host = generateSshKey('host');
    const user = generateSshKey('user');
    const late = new TestServer({ hostPrivateKey: host.privateKey, userPublicKey: user.publicKey });
    const { port } = await late.listen();
    await late.close();
    const again = new TestServer({ hostPrivateKey: host.privateKey, userPublicKey: user.publicKey });
    closing.push(() => again.close());
    setTimeout(() => void again.listen(port), 700);
    await pool.get({ ...target, port, hostKey: host.publicKey, privateKey: user.privateKey });
    expect(bastion.server.forwards.length).toBeGreaterThan(1);
    expect(bastion.server.accepted).toBe(1);
  });

  test('that never answer are named with the bastion that says so', async () => {
    const { pool, target } = await setUp();
    const waiting = pool.get({ ...target, port: 1 }, { deadline: 0.5 });
    await expect(waiting).rejects.toThrow(
      /core-1 \(127\.0\.0\.1:1, through the bastion 127\.0\.0\.1:\d+\) does not answer: the bastion did not reach 127\.0\.0\.1:1: .*Channel open failure/,
    );
  });

  test('whose host key is another one, or who refuse the key, are told apart from their bastion', async () => {
    const { machine, pool, target } = await setUp();
    const impostor = await failure(pool.get({ ...target, hostKey: generateSshKey('x').publicKey }));
    expect(impostor).toBeInstanceOf(HostKeyError);
    expect(String(impostor)).toMatch(/core-1 \(127.* through the bastion .*\) is not the machine/);
    expect(machine.authentications).toBe(0);
    const stranger = { ...target, privateKey: generateSshKey('stranger').privateKey };
    expect(await failure(pool.get(stranger))).toBeInstanceOf(AuthenticationError);
  });

  test('a machine that hangs up fails what runs there at once, and its bastion is kept', async () => {
    const { bastion, machine, pool, target } = await setUp();
    const connection = await pool.get(target);
    const running = failure(connection.exec({ argv: ['sleep', '60'] }));
    setTimeout(() => machine.cutConnections(), 100);
    const lost = await running;
    expect(lost).toBeInstanceOf(ConnectionLostError);
    expect(String(lost)).toMatch(/Lost the connection to core-1 through the bastion 127\.0\.0\.1:\d+ /);
    expect(String(lost)).not.toContain('the bastion went away');
    expect((await (await pool.get(target)).exec({ argv: ['true'] })).status).toBe(0);
    expect(bastion.server.accepted).toBe(1);
  });

  test('a bastion that goes away is named with the next step, and dialed anew by who comes next', async () => {
    const { bastion, pool, target } = await setUp();
    const connection = await pool.get(target);
    const running = failure(connection.exec({ argv: ['sleep', '60'] }));
    setTimeout(() => bastion.server.cutConnections(), 100);
    const lost = await running;
    expect(lost).toBeInstanceOf(ConnectionLostError);
    expect(String(lost)).toContain('the bastion went away, and all that ran through it; see that it runs');
    expect((await (await pool.get(target)).exec({ argv: ['true'] })).status).toBe(0);
    expect(bastion.server.accepted).toBe(2);
  });
});

describe('a bastion that cannot be used', () => {
  test('with another host key is sent nothing, not retried, and the message says all', async () => {
    const { bastion, machine, pool, target } = await setUp();
    const expected = generateSshKey('meant').publicKey;
    const jump = { ...bastion.jump, hostKey: expected };
    const error = await failure(pool.get({ ...target, proxyJump: jump }));
    if (!(error instanceof BastionError)) throw error;
    expect(error.found.path).toBe('flotilla:proxyJump.hostKey');
    expect(error.message).toContain(
      `the bastion 127.0.0.1:${jump.port} showed the host key ${fingerprint(publicKeyBlob(bastion.jump.hostKey))}, and ${fingerprint(publicKeyBlob(expected))} is expected`,
    );
    expect(error.message).toContain('ssh-keygen -lf');
    expect([bastion.server.accepted, bastion.server.authentications, machine.accepted]).toEqual([1, 0, 0]);
  });

  test('that refuses the key says which user and what to do', async () => {
    const { bastion, pool, target } = await setUp();
    await writeFile(bastion.jump.identityFile, generateSshKey('stranger').privateKey);
    const error = await failure(pool.get(target));
    if (!(error instanceof BastionError)) throw error;
    expect(error.found).toMatchObject({
      path: 'flotilla:proxyJump.user',
      problem: expect.stringContaining('takes none of your keys for jump'),
    });
    expect(bastion.server.accepted).toBe(1);
  });

  test('without any key for it says where one is looked for', async () => {
    const { bastion, pool, target } = await setUp();
    delete process.env.SSH_AUTH_SOCK;
    const { identityFile: _, ...jump } = bastion.jump;
    const error = await failure(pool.get({ ...target, proxyJump: jump }));
    if (!(error instanceof BastionError)) throw error;
    expect(error.found.path).toBe('flotilla:proxyJump.identityFile');
    expect(error.message).toContain('SSH_AUTH_SOCK');
    const lost = { ...jump, identityFile: '/nowhere/id' };
    await expect(pool.get({ ...target, proxyJump: lost })).rejects.toThrow(/cannot be read: ENOENT/);
    expect(bastion.server.accepted).toBe(0);
  });

  test('that does not answer is said once, without waiting for the machine behind it', async () => {
    const { bastion, target } = await setUp();
    await bastion.server.close();
    const dial = connectBastion(bastion.jump, target, connect, { deadline: 0.4 });
    const error = await failure(dial);
    if (!(error instanceof BastionError)) throw error;
    expect(error.message).toMatch(
      /^flotilla:proxyJump: the bastion \(127\.0\.0\.1:\d+\) does not answer: .*ECONNREFUSED.*; see that the bastion runs/,
    );
  });

  test('that forwards nothing is no reason to wait', async () => {
    const { pool, target } = await setUp({ forwarding: false });
    const error = await failure(pool.get(target, { deadline: 30 }));
    if (!(error instanceof BastionError)) throw error;
    expect(error.message).toMatch(/forbids jump to reach 127\.0\.0\.1:\d+; allow it in its sshd_config/);
  });
});

describe('the dial of a bastion is shared', () => {
  /** Accepts and never says a word. */
  async function mute(): Promise<number> {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    closing.push(async () => silent.close());
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const address = silent.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  test('who gives up leaves it to the others', async () => {
    const { bastion, pool, target } = await setUp();
    const stop = new AbortController();
    const first = failure(pool.get(target, { signal: stop.signal }));
    const other = pool.get({ ...target, user: 'other' });
    while (bastion.server.accepted === 0) await sleep(1);
    stop.abort(new Error('enough'));
    expect(String(await first)).toContain('enough');
    expect((await (await other).exec({ argv: ['true'] })).status).toBe(0);
    expect(bastion.server.accepted).toBe(1);
  });

  test('a deadline that is shorter counts, and the bastion is what is not there yet', async () => {
    const { bastion, pool, target } = await setUp();
    const jump = { ...bastion.jump, port: await mute() };
    const error = await failure(pool.get({ ...target, proxyJump: jump }, { deadline: 0.3 }));
    if (!(error instanceof BastionError)) throw error;
    expect(error.found).toEqual({
      path: 'flotilla:proxyJump',
      problem: `the bastion 127.0.0.1:${jump.port} did not answer within 1 s`,
      fix: expect.stringContaining('see that the bastion runs'),
    });
    const began = Date.now();
    await pool.close();
    expect(Date.now() - began).toBeLessThan(3000);
  });
});

describe('who logs in on a bastion', () => {
  const behind = { user: 'core', privateKey: 'the key of the stack' };
  const jump = { address: '203.0.113.9', port: 22, user: 'jump', hostKey: `SHA256:${'a'.repeat(43)}` };

  async function logins(inCluster: boolean, refused: readonly string[]): Promise<SshTarget[]> {
    const dialed: SshTarget[] = [];
    const dial = async (target: SshTarget) => {
      dialed.push(target);
      if (refused.includes(target.user)) throw new AuthenticationError(`${target.user} is not let in`);
      return new FakeMachine(target).connect();
    };
    await failure(connectBastion({ ...jump, inCluster }, behind, dial));
    return dialed;
  }

  test('the operator, by the ssh-agent', async () => {
    process.env.SSH_AUTH_SOCK = '/run/agent';
    const [login, ...more] = await logins(true, []);
    expect(login).toMatchObject({ user: 'jump', host: '203.0.113.9', identityAgent: '/run/agent' });
    expect(more).toEqual([]);
  });

  test("on one of the cluster's own machines whoever logs in on the others, where the operator can't", async () => {
    process.env.SSH_AUTH_SOCK = '/run/agent';
    expect((await logins(true, ['jump'])).map(({ user }) => user)).toEqual(['jump', 'core']);
    delete process.env.SSH_AUTH_SOCK;
    expect(await logins(true, [])).toMatchObject([behind]);
  });

  test("never the cluster's key on a bastion that is somebody else's", async () => {
    process.env.SSH_AUTH_SOCK = '/run/agent';
    expect((await logins(false, ['jump'])).map(({ user }) => user)).toEqual(['jump']);
  });
});
