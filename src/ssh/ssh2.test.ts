import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { connectionContract, contractPrograms } from '../../test/contract/connection.ts';
import { connect } from './connect.ts';
import type { Connection, SshTarget } from './connection.ts';
import { ConnectionPool } from './pool.ts';
import { script } from './script.ts';
import { Ssh2Connection } from './ssh2.ts';
import { startTestBastion } from './test-bastion.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Stands in for sudo: checks its flags and leaves a mark in the environment. */
const sudo = '#!/bin/sh\n[ "$1 $2" = "-n --" ] || exit 1\nshift 2\nAS_ROOT=root exec "$@"\n';

interface Route {
  connect(): Promise<Connection>;
  cutConnections(): void;
  close(): Promise<void>;
}

/** A machine whose sudo is ours, with something that echoes, and a way to it. */
async function start(routeTo: (server: TestServer, target: SshTarget) => Promise<Route>) {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-ssh-'));
  await writeFile(join(directory, 'sudo'), sudo, { mode: 0o755 });
  const echoSocket = join(directory, 'echo.sock');
  const echo = () => createServer((stream) => stream.on('error', () => {}).pipe(stream));
  const listeners = [echo().listen(echoSocket), echo().listen(0, '127.0.0.1')];
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const address = listeners[1]?.address();
  const { server, target } = await startTestServer({ env: { PATH: `${directory}:${process.env.PATH}` } });
  const route = await routeTo(server, target);
  return {
    connect: () => route.connect(),
    cutConnections: () => route.cutConnections(),
    echoSocket,
    echoPort: typeof address === 'object' ? (address?.port ?? 0) : 0,
    echoHost: 'localhost',
    close: async () => {
      await route.close();
      await server.close();
      await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
      await rm(directory, { recursive: true });
    },
  };
}

connectionContract('ssh2 against a real server', () =>
  start(async (server, target) => ({
    connect: () => connect(target),
    cutConnections: () => server.cutConnections(),
    close: async () => {},
  })),
);

connectionContract('ssh2 through a bastion, which is what breaks', () =>
  start(async (_, target) => {
    const bastion = await startTestBastion();
    const pools: ConnectionPool[] = [];
    return {
      connect: () => {
        const pool = new ConnectionPool();
        pools.push(pool);
        return pool.get({ ...target, proxyJump: bastion.jump });
      },
      cutConnections: () => bastion.server.cutConnections(),
      close: async () => {
        await Promise.all(pools.map((pool) => pool.close()));
        await bastion.close();
      },
    };
  }),
);

describe('Ssh2Connection', () => {
  test('keeps within the sessions that sshd allows', async () => {
    const { server, target } = await startTestServer();
    const connection = await connect(target);
    const body = contractPrograms['print-arguments']?.body ?? '';
    await Promise.all(Array.from({ length: 40 }, () => connection.exec(script('print-arguments', body))));
    expect(server.mostSessions).toBeGreaterThan(1);
    expect(server.mostSessions).toBeLessThanOrEqual(8);
    await connection.close();
    await server.close();
  });

  test('an sshd that opens no session is not waited for for ever', async () => {
    const { server, target } = await startTestServer();
    const { client } = await connect(target);
    server.deaf = true;
    const impatient = new Ssh2Connection(target, client, { openDeadline: 0.1 });
    const message = `${target.name} did not run true: no answer within 0.1 s, although its SSH lives`;
    await expect(impatient.exec({ argv: ['true'] })).rejects.toThrow(message);
    const patient = new Ssh2Connection(target, client);
    const cancelled = patient.exec({ argv: ['true'] }, AbortSignal.timeout(50));
    await expect(cancelled).rejects.toThrow('timeout');
    await patient.close();
    await server.close();
  });

  test('to a machine that hangs can be closed', async () => {
    const { server, target } = await startTestServer();
    const sockets: Socket[] = [];
    // A guest whose virtual processor stands still: its side of the connection takes nothing and never ends.
    const between = createServer({ allowHalfOpen: true }, (socket) => {
      const onward = connectTcp(target.port, target.host);
      sockets.push(socket, onward);
      socket.pipe(onward).pipe(socket);
    });
    await once(between.listen(0, '127.0.0.1'), 'listening');
    const address = between.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const connection = await connect({ ...target, port: address.port });
    for (const socket of sockets) socket.unpipe().pause();
    await connection.close();
    expect(connection.alive).toBe(false);
    for (const socket of sockets) socket.destroy();
    between.close();
    await server.close();
  });

  test('a command that is given up is told with what it said last', async () => {
    const { server, target } = await startTestServer();
    const connection = await connect(target);
    const body = 'echo begun; echo "no space left" >&2; exec sleep 60';
    await expect(connection.exec(script('write-files', body, [], { timeout: 0.5 }))).rejects.toThrow(
      'write-files on core-1 was given up after 0.5 s, the last it said: no space left; see what keeps',
    );
    const mute = connection.exec(script('wait', 'exec sleep 60', [], { timeout: 0.1 }));
    await expect(mute).rejects.toThrow('wait on core-1 was given up after 0.1 s, it had said nothing;');
    await connection.close();
    await server.close();
  });

  test('an sshd that forwards no ports says so when one is to lead here', async () => {
    const { server, target } = await startTestServer({ forwarding: false });
    const connection = await connect(target);
    const message = `${target.name} did not open a port that leads here: Unable to bind to 127.0.0.1:0`;
    await expect(connection.listen(() => undefined)).rejects.toThrow(message);
    await connection.close();
    await server.close();
  });

  test('root needs no sudo when the user is root', async () => {
    const { server, target } = await startTestServer({ env: { PATH: '/usr/bin:/bin' } });
    const connection = await connect({ ...target, user: 'root' });
    expect((await connection.exec({ argv: ['echo', 'plain'], root: true })).stdout).toBe('plain\n');
    await connection.close();
    await server.close();
  });
});
