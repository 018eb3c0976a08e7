import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { BastionError } from '../ssh/errors.ts';
import { AgentApi } from './api.ts';
import { AnswerLost, ApiError, NoAnswer } from './errors.ts';
import { FakeAgent, fakeMachine } from './fake-agent.ts';
import type { Gateway } from './gateway.ts';

const refused: Gateway = {
  name: 'core-0',
  connect: () => Promise.reject(new Error('connection refused')),
};
const dead: Gateway = { name: 'core-9', connect: () => new Promise(() => undefined) };

function cluster(): FakeAgent {
  const agent = new FakeAgent([fakeMachine('core-1'), fakeMachine('core-2')]);
  agent.put('a.service', 'contents');
  return agent;
}

const gatewaysOf = (agents: readonly FakeAgent[]) =>
  agents.map((agent, index) => agent.gateway(`core-${index + 1}`));

function client(gateways: readonly Gateway[], more: { signal?: AbortSignal; patience?: number } = {}) {
  const log: string[] = [];
  const api = new AgentApi(gateways, {
    log: (line) => log.push(line),
    deadlines: { headStart: 0.05, choose: 0.3, answer: 0.3 },
    ...more,
  });
  return { api, log };
}

describe('AgentApi', () => {
  test('reads machines, units and one unit', async () => {
    const { api } = client([cluster().gateway('core-1')]);
    expect((await api.machines()).machines.map(({ name }) => name)).toEqual(['core-1', 'core-2']);
    expect((await api.units()).units).toMatchObject([{ name: 'a.service', targetState: 'launched' }]);
    expect((await api.unit('a.service')).contents).toBe('contents');
    expect(api.machine).toBe('core-1');
  });

  test('a unit name travels whole', async () => {
    const agent = cluster();
    agent.put('a@x\\x2dy.service', 'instance');
    expect((await client([agent.gateway('core-1')]).api.unit('a@x\\x2dy.service')).contents).toBe('instance');
  });

  test('passes over a machine that refuses and one that never answers', async () => {
    const { api, log } = client([refused, dead, cluster().gateway('core-2')]);
    await api.units();
    expect(api.machine).toBe('core-2');
    expect(log).toEqual(['core-0: connection refused']);
  });

  test('keeps to the order while the first answers in time', async () => {
    const agent = cluster();
    const slow: Gateway = {
      name: 'core-1',
      connect: async () => {
        await sleep(20);
        return agent.gateway('core-1').connect();
      },
    };
    const { api } = client([slow, agent.gateway('core-2')]);
    await api.units();
    expect(api.machine).toBe('core-1');
  });

  test('when nobody answers, says of each machine why', async () => {
    const { api } = client([refused, dead]);
    await expect(api.units()).rejects.toThrow(
      "no machine's agent answered (core-0: connection refused; core-9: no answer within 0.3 s); " +
        '`npm run up -- --refresh` starts what is missing',
    );
    await expect(client([]).api.units()).rejects.toThrow('no machine is known');
  });

  test('a bastion that keeps all of them away is said once, with what to do about it', async () => {
    const bastion = { path: 'flotilla:proxyJump', problem: 'the bastion is away', fix: 'bring it back' };
    const behind = ['core-1', 'core-2'].map((name) => ({
      name,
      connect: () => Promise.reject(new BastionError(bastion)),
    }));
    const failure = await client(behind)
      .api.units()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NoAnswer);
    expect(failure).toMatchObject({ message: 'flotilla:proxyJump: the bastion is away; bring it back' });
    await expect(client([...behind, refused]).api.units()).rejects.toThrow(
      "no machine's agent answered (core-1: flotilla:proxyJump: the bastion is away",
    );
  });

  test('an error reply names machine, route and next step', async () => {
    const { api } = client([cluster().gateway('core-1')]);
    const error = await api.unit('b.service').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 404,
      message:
        'core-1: GET /flotilla/v1/units/b.service answered 404: no such unit; ' +
        '`flotilla list-unit-files` shows the units there are',
    });
  });

  test('an agent that lost the store is left for another one', async () => {
    const first = cluster();
    const { api, log } = client([first.gateway('core-1'), cluster().gateway('core-2')]);
    await api.machines();
    first.intercept = () => ({
      status: 503,
      body: { error: { code: 503, message: 'etcd does not answer' } },
    });
    await api.units();
    expect(api.machine).toBe('core-2');
    expect(log[0]).toContain('etcd does not answer');
  });

  const away = { status: 503, body: { error: { code: 503, message: 'etcd gave no answer in 8 s' } } };

  test('agents without the store are asked again while there is patience, and it is said', async () => {
    const agents = [cluster(), cluster()];
    const { api, log } = client(gatewaysOf(agents), { patience: 30 });
    let questions = 0;
    for (const agent of agents) agent.intercept = () => (questions++ < 4 ? away : undefined);
    expect((await api.units()).units).toMatchObject([{ name: 'a.service' }]);
    expect(log.join('\n')).toMatch(/etcd gave no answer in 8 s.*; asking again for 30 s/);
  });

  test('without patience, or when it is over, their answer is the error', async () => {
    for (const patience of [0, 0.5]) {
      const agents = [cluster(), cluster()];
      const { api } = client(gatewaysOf(agents), { patience });
      for (const agent of agents) agent.intercept = () => away;
      await expect(api.units()).rejects.toThrow('etcd gave no answer in 8 s');
    }
  });

  test('machines that are gone are not waited for, however patient who asks is', async () => {
    const { api, log } = client([refused], { patience: 30 });
    await expect(api.units()).rejects.toThrow("no machine's agent answered");
    expect(log).toEqual([]);
  });

  test('a change is not sent again to agents without the store', async () => {
    const agents = [cluster(), cluster()];
    const { api } = client(gatewaysOf(agents), { patience: 30 });
    for (const agent of agents)
      agent.intercept = (request) => (request.startsWith('POST') ? away : undefined);
    await expect(api.apply({ put: [], destroy: [] })).rejects.toThrow(AnswerLost);
    const sent = agents.flatMap(({ requests }) => requests).filter((each) => each.startsWith('POST'));
    expect(sent).toHaveLength(1);
  });

  test.each(['drop', 'silence'] as const)(
    'an agent that answers with %s is left for another one',
    async (how) => {
      const first = cluster();
      const { api } = client([first.gateway('core-1'), cluster().gateway('core-2')]);
      await api.machines();
      first.intercept = () => how;
      await api.units();
      expect(api.machine).toBe('core-2');
    },
  );

  test('a change whose answer is lost is not sent again', async () => {
    const agent = cluster();
    const { api } = client([agent.gateway('core-1'), agent.gateway('core-2')]);
    agent.intercept = (request) => (request.startsWith('POST') ? 'drop' : undefined);
    const error = await api.apply({ put: [], destroy: [] }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AnswerLost);
    expect(String(error)).toMatch(/; `flotilla list-units` shows whether it was done all the same$/);
    expect(agent.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  });

  test('an answer that is not what it should be is explained', async () => {
    const agent = cluster();
    const { api } = client([agent.gateway('core-1')]);
    await api.machines();
    agent.intercept = () => ({ status: 200, body: { revision: 1, units: [] } });
    await expect(api.units()).rejects.toThrow(/core-1: GET .*units gave an answer .*revision/);
  });

  test('when the last agent goes away, the error says what was asked of whom', async () => {
    const agent = cluster();
    const { api } = client([agent.gateway('core-1')]);
    await api.machines();
    agent.intercept = (request) => (request.endsWith('/units') ? 'drop' : undefined);
    const error = await api.units().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(NoAnswer);
    expect(String(error)).toContain(
      'core-1: the agent did not answer GET /flotilla/v1/units: socket hang up; ' +
        '`npm run up -- --refresh` starts what is missing, ' +
        '`flotilla ssh core-1 sudo journalctl -u flotilla-agent` says why',
    );
  });

  test('an agent that is mute behind a connection that stands is waited for aloud', async () => {
    const agent = cluster();
    const { api, log } = client([agent.gateway('core-1')]);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'] });
    try {
      agent.intercept = () => {
        jest.advanceTimersByTime(10_000);
        return 'silence';
      };
      await expect(api.units()).rejects.toThrow('core-1: no answer within 0.3 s');
    } finally {
      jest.useRealTimers();
    }
    expect(log).toEqual(['waiting for the agent on core-1 to answer GET /flotilla/v1/machines']);
  });

  test('stops at once when the caller gives up', async () => {
    const stop = new AbortController();
    const { api } = client([dead], { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('given up')), 10);
    await expect(api.units()).rejects.toThrow('given up');
  });
});
