import { describe, expect, test } from '@jest/globals';
import type { SshTarget } from './connection.ts';
import { FakeMachine } from './fake.ts';
import { ConnectionPool } from './pool.ts';

function setUp() {
  const machine = new FakeMachine({ name: 'core-1', privateKey: 'key' });
  machine.programs.set('true', () => ({}));
  const dials: SshTarget[] = [];
  const pool = new ConnectionPool(async (target) => {
    dials.push(target);
    await new Promise((resolve) => setImmediate(resolve));
    return machine.connect();
  });
  return { machine, dials, pool, target: machine.target };
}

describe('ConnectionPool', () => {
  test('callers at the same time share one dial, later ones its connection', async () => {
    const { pool, dials, target } = setUp();
    const connections = await Promise.all([pool.get(target), pool.get(target), pool.get({ ...target })]);
    expect(new Set([...connections, await pool.get(target)]).size).toBe(1);
    expect(dials).toHaveLength(1);
  });

  test('another user, key, host key or port is another connection', async () => {
    const { pool, dials, target } = setUp();
    const others = [{ user: 'root' }, { privateKey: 'other' }, { hostKey: 'ssh-ed25519 x' }, { port: 23 }];
    await Promise.all(
      [target, ...others.map((other) => ({ ...target, ...other }))].map((each) => pool.get(each)),
    );
    expect(dials).toHaveLength(5);
  });

  test('a broken connection is dialed again, once for all who ask', async () => {
    const { pool, dials, machine, target } = setUp();
    await pool.get(target);
    machine.loseConnections();
    const [first, second] = await Promise.all([pool.get(target), pool.get(target)]);
    expect(first).toBe(second);
    expect(first.alive).toBe(true);
    expect(dials).toHaveLength(2);
  });

  test('a failed dial is not remembered', async () => {
    const { machine, target } = setUp();
    let attempts = 0;
    const pool = new ConnectionPool(async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('no route');
      return machine.connect();
    });
    const both = await Promise.allSettled([pool.get(target), pool.get(target)]);
    expect(both.some((result) => result.status === 'rejected')).toBe(true);
    expect((await pool.get(target)).alive).toBe(true);
  });

  test('close ends every connection', async () => {
    const { pool, target } = setUp();
    const connection = await pool.get(target);
    await pool.close();
    expect(connection.alive).toBe(false);
    expect((await pool.get(target)).alive).toBe(true);
  });
});
