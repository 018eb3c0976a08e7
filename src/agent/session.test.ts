import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Machine } from '../model/machine.ts';
import { sampleMachine } from '../scheduler/sample.ts';
import { FakeClock } from '../store/fake-clock.ts';
import { machineKey, statusKey, statusPrefix } from '../store/keys.ts';
import { MemoryStore } from '../store/memory.ts';
import { MemoryCluster } from '../store/memory-cluster.ts';
import { keepSession, type Session } from './session.ts';

describe('a session', () => {
  let clock: FakeClock;
  let etcd: MemoryCluster;
  let agents: Agent[];
  beforeEach(() => {
    clock = new FakeClock();
    etcd = new MemoryCluster(clock);
    agents = [];
  });
  afterEach(() => Promise.all(agents.map((agent) => agent.end())));

  const machine = sampleMachine(1);
  const holder = () => etcd.list(machineKey(machine.id)).keys[0];
  const start = async (as: Machine = machine) => {
    const agent = new Agent(as, clock, etcd);
    agents.push(agent);
    await clock.advance(100);
    return agent;
  };

  test('announces the machine, and again after the lease was lost', async () => {
    const agent = await start();
    const before = holder()?.lease;
    agent.store.reachable = false;
    await clock.advance(30_000);
    expect(holder()).toBeUndefined();
    agent.store.reachable = true;
    await clock.advance(2000);
    expect(holder()?.lease).not.toBe(before);
    expect(agent.sessions).toHaveLength(2);
    expect(agent.sessions[0]?.signal.aborted).toBe(true);
  });

  test('tells that the lease is lost before its work has ended', async () => {
    const log: string[] = [];
    const stop = new AbortController();
    const work = new AbortController();
    const ended = once(work.signal, 'abort').then(() => undefined);
    const store = new MemoryStore(clock, etcd);
    const options = { store, clock, log: (line: string) => void log.push(line), machine };
    const kept = keepSession(options, stop.signal, () => ended);
    await clock.advance(100);
    store.reachable = false;
    await clock.advance(30_000);
    expect(log.at(-1)).toContain('units keep running');
    stop.abort();
    work.abort();
    await kept;
    await store.close();
  });

  test('an agent that restarts goes on at once', async () => {
    const agent = await start();
    await agent.end();
    const next = await start();
    expect(next.sessions).toHaveLength(1);
    expect(holder()?.lease).toBe(next.sessions[0]?.lease.id);
  });

  test('takes over all that was said of units, however much it is', async () => {
    const agent = await start();
    const lease = agent.sessions[0]?.lease.id ?? '';
    const values = Array.from({ length: 20 }, (_, at) => `${at} ${'x'.repeat(200_000)}`);
    for (const [at, value] of values.entries()) {
      etcd.transact({
        compare: [],
        success: [{ put: statusKey(machine.id, `${at}.service`), value, lease }],
      });
    }
    await agent.end();
    const next = await start();
    const states = etcd.list(statusPrefix(machine.id)).keys;
    expect(states.map(({ lease }) => lease)).toEqual(values.map(() => next.sessions[0]?.lease.id));
    expect(new Set(states.map(({ value }) => value))).toEqual(new Set(values));
  });

  test.each([
    ['of another name', { ...machine, name: 'core-9' }],
    ['at another address', { ...machine, address: '192.0.2.9' }],
  ])('a machine %s with the same id is refused as long as the first lives', async (_, twin) => {
    const first = await start();
    const second = await start(twin);
    await clock.advance(120_000);
    expect(second.sessions).toEqual([]);
    expect(second.log).toEqual([
      expect.stringContaining(`is in use by ${machine.name} (${machine.address})`),
    ]);
    expect(first.sessions).toHaveLength(1);
    expect([first.standing, second.standing]).toEqual([undefined, second.log[0]]);
    await first.end();
    await clock.advance(12_000);
    expect(second.sessions).toHaveLength(1);
    expect(second.standing).toBeUndefined();
  });

  test('a copy to the last bit is refused, however often it starts', async () => {
    const first = await start();
    const copy = await start({ ...machine, bootId: 'of the copy' });
    await clock.advance(120_000);
    await copy.end();
    const again = await start({ ...machine, bootId: 'of the copy' });
    await clock.advance(120_000);
    expect([first, copy, again].map(({ sessions }) => sessions.length)).toEqual([1, 0, 0]);
    expect(again.log).toEqual([expect.stringContaining('was here before it booted')]);
  });

  test('a machine that rebooted is a member when its old lease has ended', async () => {
    const before = await start();
    await before.end();
    const after = await start({ ...machine, bootId: 'the next' });
    expect(after.sessions).toEqual([]);
    await clock.advance(11_000);
    expect(after.sessions).toHaveLength(1);
  });
});

class Agent {
  readonly sessions: Session[] = [];
  readonly log: string[] = [];
  standing: string | undefined = 'unknown';
  readonly store: MemoryStore;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(machine: Machine, clock: FakeClock, etcd: MemoryCluster) {
    const store = new MemoryStore(clock, etcd);
    this.store = store;
    const log = (line: string) => void this.log.push(line);
    const onStanding = (refusal: string | undefined) => {
      this.standing = refusal;
    };
    this.#ended = keepSession(
      { store, clock, log, machine, onStanding },
      this.#stop.signal,
      async (session) => {
        this.sessions.push(session);
        await new Promise<void>((resolve) => {
          session.signal.addEventListener('abort', () => resolve(), { once: true });
        });
      },
    );
  }

  /** The lease is left to run out. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.store.close();
  }
}
