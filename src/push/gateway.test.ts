import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Connection } from '../ssh/connection.ts';
import { ConnectionPool } from '../ssh/pool.ts';
import { startTestServer } from '../ssh/test-server.ts';
import { AgentApi } from './api.ts';
import { FakeAgent, fakeMachine } from './fake-agent.ts';
import { changeTakers, firstToSucceed, sshGateway } from './gateway.ts';

test('the agent is reached over SSH, on its unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-agent-'));
  const socket = join(folder, 'agent.sock');
  const agent = new FakeAgent([fakeMachine('core-1')]);
  await agent.listen(socket);
  const { server, target } = await startTestServer();
  const pool = new ConnectionPool();
  const gateway = sshGateway(pool, target, () => undefined);
  // The agent's path belongs to real machines; only where the socket lies differs here.
  const connect = async (signal?: AbortSignal): Promise<Connection> => {
    const connection = await gateway.connect(signal);
    return Object.assign(Object.create(connection), { openSocket: () => connection.openSocket(socket) });
  };
  try {
    const api = new AgentApi([{ name: gateway.name, connect }], { log: () => undefined });
    const big = `[Service]\n${'# a long unit file\n'.repeat(20_000)}`;
    await api.apply({ put: [{ name: 'a.service', contents: big, targetState: 'launched' }], destroy: [] });
    expect((await api.unit('a.service')).contents).toBe(big);
    expect((await Promise.all(Array.from({ length: 20 }, () => api.units()))).length).toBe(20);
    expect(server.accepted).toBe(1);
  } finally {
    await pool.close();
    await server.close();
    await agent.close();
    await rm(folder, { recursive: true });
  }
});

describe('firstToSucceed', () => {
  const later = async (seconds: number, result: string) => {
    await sleep(seconds * 1000);
    return result;
  };

  test('does not start the second while the first has its head start', async () => {
    const started: string[] = [];
    const attempt = (name: string) => {
      started.push(name);
      return later(0.01, name);
    };
    expect(await firstToSucceed(['a', 'b'], attempt, { headStart: 1 })).toBe('a');
    expect(started).toEqual(['a']);
  });

  test('a failure starts the next at once; a slow one keeps its chance', async () => {
    const attempt = (name: string) => {
      if (name === 'fails') return Promise.reject(new Error('refused'));
      return later(name === 'slow' ? 0.1 : 0.5, name);
    };
    expect(await firstToSucceed(['fails', 'slow', 'slower'], attempt, { headStart: 0.02 })).toBe('slow');
  });

  test('all failures are told in the order of the candidates', async () => {
    const attempt = async (name: string) => {
      await later(name === 'a' ? 0.05 : 0, name);
      throw new Error(name);
    };
    const all = await firstToSucceed(['a', 'b'], attempt, { headStart: 0.01 }).catch(
      (error: unknown) => error,
    );
    expect(all).toMatchObject({ errors: [{ message: 'a' }, { message: 'b' }] });
  });

  test('tells the losers to stop', async () => {
    const stopped: string[] = [];
    const attempt = (name: string, signal: AbortSignal) => {
      signal.addEventListener('abort', () => stopped.push(name));
      return later(name === 'dead' ? 0.5 : 0.01, name);
    };
    await firstToSucceed(['dead', 'alive'], attempt, { headStart: 0.01 });
    expect(stopped).toContain('dead');
  });
});

describe('changeTakers', () => {
  const [core, worker] = [
    { name: 'core-1', etcd: true },
    { name: 'worker-1', etcd: false },
  ];

  test('are the machines with etcd', () => {
    expect(changeTakers([worker, core])).toEqual([core]);
  });

  test('are all machines where nobody knows', () => {
    expect(changeTakers([worker])).toEqual([worker]);
  });
});
