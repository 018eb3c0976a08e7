import { describe, expect, test } from '@jest/globals';
import { applyUnits, planUnits, readUnits } from './apply.ts';
import type { DesiredSet } from './diff.ts';
import { FakeAgent, fakeMachine } from './fake-agent.ts';
import type { PollClock } from './poll-clock.ts';
import { UnitsNotHealthy } from './units-not-healthy.ts';

const one: DesiredSet = {
  units: [{ name: 'a.service', contents: '[Service]\nExecStart=/bin/a\n', targetState: 'launched' }],
  previous: [],
};

function setUp() {
  const agent = new FakeAgent([fakeMachine('core-1')]);
  const log: string[] = [];
  let now = 0;
  const clock: PollClock = {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
  return {
    agent,
    log,
    gateways: [agent.gateway('core-1')],
    options: { log: (line: string) => log.push(line), clock },
  };
}

describe('applyUnits', () => {
  test('creates the units, follows them and reports where they run', async () => {
    const { gateways, options, log } = setUp();
    const outcome = await applyUnits(gateways, one, options);
    expect(outcome.operations).toMatchObject([{ type: 'create', unit: 'a.service' }]);
    expect(outcome.units).toMatchObject([
      { name: 'a.service', machines: [{ machine: 'core-1', state: 'active (running)' }] },
    ]);
    expect(log).toEqual([
      'asking the agent on core-1',
      'create a.service: not in the cluster yet, target state launched',
      '1 of 1 units are as wanted; watching that they stay so',
    ]);
  });

  test('a second time changes nothing and waits for nothing', async () => {
    const { agent, gateways, options } = setUp();
    await applyUnits(gateways, one, options);
    const before = options.clock.now();
    expect((await applyUnits(gateways, one, options)).operations).toEqual([]);
    expect(options.clock.now()).toBe(before);
    expect(agent.requests.filter((request) => request.endsWith('/apply'))).toHaveLength(1);
  });

  test('a file that was edited by hand is put back', async () => {
    const { agent, gateways, options } = setUp();
    await applyUnits(gateways, one, options);
    const states = agent.views.get('a.service')?.states.map((state) => ({ ...state, hash: 'edited' })) ?? [];
    agent.change('a.service', { states });
    const outcome = await applyUnits(gateways, one, options);
    expect(outcome.operations).toMatchObject([{ type: 'repair', unit: 'a.service' }]);
    expect((await readUnits(gateways, ['a.service'], options)).drift).toEqual([]);
  });

  test('an empty set destroys what it applied and nothing else', async () => {
    const { agent, gateways, options } = setUp();
    agent.put('of-others.service', 'x');
    await applyUnits(gateways, one, options);
    await applyUnits(gateways, { units: [], previous: ['a.service'] }, options);
    expect([...agent.views.keys()]).toEqual(['of-others.service']);
  });

  test('a unit that fails is an error with its journal', async () => {
    const { agent, gateways, options } = setUp();
    const failure = { result: 'exit-code', journal: ['no such file'] };
    agent.state = { load: 'loaded', active: 'failed', sub: 'failed', failure };
    await expect(applyUnits(gateways, one, options)).rejects.toThrow(UnitsNotHealthy);
    await expect(applyUnits(gateways, one, options)).rejects.toThrow('no such file');
  });

  test('when the answer is lost but the change was made, it is not made again', async () => {
    const { agent, gateways, options } = setUp();
    agent.intercept = (request) => {
      if (request !== 'POST /flotilla/v1/apply') return undefined;
      for (const { name, contents, targetState } of one.units) agent.put(name, contents, targetState);
      return 'drop';
    };
    const outcome = await applyUnits(gateways, one, options);
    expect(outcome.operations).toMatchObject([{ type: 'create' }]);
    expect(agent.requests.filter((request) => request.endsWith('/apply'))).toHaveLength(1);
  });

  test('when the answer is lost and the change was not made, it is made', async () => {
    const { agent, gateways, options, log } = setUp();
    let drops = 1;
    agent.intercept = (request) => (request.endsWith('/apply') && drops-- > 0 ? 'drop' : undefined);
    const outcome = await applyUnits(gateways, one, options);
    expect(outcome.operations).toHaveLength(1);
    expect(log.some((line) => line.endsWith('looking what came of it'))).toBe(true);
  });

  test('a change by somebody else in between is refused, not overwritten', async () => {
    const { agent, gateways, options } = setUp();
    agent.intercept = (request) => {
      if (request.endsWith('/apply')) agent.put('a.service', 'by somebody else');
      return undefined;
    };
    await expect(applyUnits(gateways, one, options)).rejects.toMatchObject({ name: 'ApiError', status: 409 });
  });

  test('a oneshot that has ended well is done', async () => {
    const { agent, gateways, options } = setUp();
    agent.state = { load: 'loaded', active: 'inactive', sub: 'dead' };
    const contents = '[Service]\nType=oneshot\nExecStart=/bin/true\n';
    const units = [{ name: 'once.service', contents, targetState: 'launched' }] as const;
    expect((await applyUnits(gateways, { units, previous: [] }, options)).units).toMatchObject([
      { name: 'once.service', machines: [{ state: 'inactive (dead)' }] },
    ]);
    await expect(applyUnits(gateways, one, { ...options, deadline: 3 })).rejects.toThrow(
      'inactive (dead) on core-1',
    );
  });
});

describe('a rollout', () => {
  const unit = 'hello@1.service';
  const template = (version: string): DesiredSet => ({
    units: [{ name: unit, contents: `[Service]\nExecStart=/bin/${version}\n`, targetState: 'launched' }],
    previous: [],
  });

  test('that was rolled back is an error, and the same set is applied again by the next run', async () => {
    const { agent, gateways, options } = setUp();
    await applyUnits(gateways, template('v1'), options);
    const journal = ['no such file'];
    const failure = { unit, machine: 'core-1', journal };
    agent.intercept = (request) => {
      if (request !== 'GET /flotilla/v1/rollouts') return undefined;
      agent.put(unit, template('v1').units[0]?.contents ?? '');
      const reason = `${unit} failed on core-1 (exit-code)`;
      agent.rollouts.set('hello@.service', {
        ...{ name: 'hello@.service', state: 'rolled-back', updated: 1, total: 1, reason, failure },
      });
      return undefined;
    };
    for (const _ of [1, 2]) {
      await expect(applyUnits(gateways, template('v2'), options)).rejects.toThrow(
        /the rollout of hello@\.service was rolled back: .*\(exit-code\)\n {2}no such file/,
      );
    }
    expect(agent.requests.filter((request) => request.endsWith('/apply'))).toHaveLength(3);
  });

  test('is told in the plan', async () => {
    const { gateways, options } = setUp();
    await applyUnits(gateways, template('v1'), options);
    const plan = await planUnits(gateways, template('v2'), options);
    expect(plan.rollouts).toMatchObject([{ name: 'hello@.service' }]);
  });
});

describe('planUnits and readUnits', () => {
  test('a plan changes nothing and shows operations and moves', async () => {
    const { agent, gateways, options } = setUp();
    const plan = await planUnits(gateways, one, options);
    expect(plan).toMatchObject({
      operations: [{ type: 'create', unit: 'a.service' }],
      moves: [{ unit: 'a.service', machine: 'core-1', reason: 'least loaded' }],
      drift: [],
    });
    expect(agent.views.size).toBe(0);
  });

  test('reading finds the units and the drift of the named ones only', async () => {
    const { agent, gateways, options } = setUp();
    agent.put('a.service', 'x');
    agent.put('b.service', 'y');
    const states = agent.views.get('a.service')?.states.map((state) => ({ ...state, hash: 'edited' })) ?? [];
    agent.change('a.service', { states });
    agent.change('b.service', { states: [] });
    const { units, drift } = await readUnits(gateways, ['a.service', 'gone.service'], options);
    expect(units.map(({ name }) => name)).toEqual(['a.service']);
    expect(drift).toMatchObject([{ unit: 'a.service', machine: 'core-1' }]);
  });
});
