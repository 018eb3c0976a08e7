import { describe, expect, test } from '@jest/globals';
import type { UnitView } from '../model/api.ts';
import type { UnitStatus } from '../model/status.ts';
import { NoAnswer } from './errors.ts';
import { core1, followMoments } from './fake-source.ts';
import { followUnits } from './follow.ts';
import type { Wanted } from './health.ts';
import { UnitsNotHealthy } from './units-not-healthy.ts';

const hash = 'a'.repeat(64);
const wanted: Wanted = {
  units: [
    {
      ...{ name: 'a.service', hash, targetState: 'launched' },
      ...{ finishes: false, probe: false, rolloutDeadline: 300, announced: 0, rolls: false },
    },
  ],
  gone: [],
};

function view(changes: Partial<UnitStatus>): UnitView {
  const unit = 'a.service';
  const placement = { unit, machineId: core1.id, hash, targetState: 'launched', reason: 'r' } as const;
  const state = {
    unit,
    machineId: core1.id,
    hash,
    load: 'loaded',
    active: 'active',
    sub: 'running',
    ...changes,
  };
  return { name: unit, hash, targetState: 'launched', placements: [placement], states: [state] };
}

const starting = view({ active: 'activating', sub: 'start' });
const running = view({});
const failure = { result: 'exit-code', journal: ['cannot bind port 80'] };
const failed = view({ active: 'failed', sub: 'failed', failure });

/** Follows the unit; the result is its view. */
async function follow(
  shown: readonly (UnitView | Error)[],
  changes: { deadline?: number; wanted?: Wanted; answerTakes?: number } = {},
) {
  const moments = shown.map((view) => (view instanceof Error ? view : { view }));
  const { deadline, answerTakes } = changes;
  const followed = await followMoments(moments, changes.wanted ?? wanted, deadline, answerTakes);
  return {
    ...followed,
    result: followed.result instanceof Error ? followed.result : viewsOf(followed.result),
  };
}

function viewsOf(result: unknown): unknown {
  return typeof result === 'object' && result !== null && 'views' in result ? result.views : result;
}

describe('followUnits', () => {
  test('returns once the unit is healthy for two seconds', async () => {
    const { result, seconds, log } = await follow([starting, starting, running]);
    expect(result).toEqual([running]);
    expect(seconds).toBe(4);
    expect(log).toEqual([
      '0 of 1 units are as wanted; waiting for a.service: activating (start) on core-1',
      '1 of 1 units are as wanted; watching that they stay so',
    ]);
  });

  test('units that get healthy at the last moment are watched to the end, past the deadline', async () => {
    const late = await follow([starting, starting, starting, running], { deadline: 4 });
    expect(late.result).toEqual([running]);
    expect(late.seconds).toBe(5);
    const flapping = await follow([starting, starting, starting, running, starting], { deadline: 4 });
    expect(String(flapping.result)).toContain(
      'not healthy after 4 s:\n  a.service: activating (start) on core-1',
    );
  });

  test('a unit that dies right after its start is not taken for healthy', async () => {
    const { result } = await follow([running, running, failed]);
    expect(result).toBeInstanceOf(UnitsNotHealthy);
    expect(String(result)).toContain('unit a.service failed on core-1 (exit-code):\n  cannot bind port 80');
  });

  test('on a computer that takes long to answer, a unit is watched for longer', async () => {
    const dies = [running, running, running, running, failed];
    expect((await follow(dies)).result).toEqual([running]);
    expect((await follow(dies, { answerTakes: 1.5 })).result).toBeInstanceOf(UnitsNotHealthy);
  });

  test('one whose machine still reads what it said last is waited for', async () => {
    const speaking = view({ active: 'failed', sub: 'failed', failure: { result: 'exit-code' } });
    const { result, log } = await follow([speaking, speaking, speaking, speaking, failed]);
    expect(String(result)).toContain('unit a.service failed on core-1 (exit-code):\n  cannot bind port 80');
    expect(log[0]).toContain('a.service: failed on core-1 (exit-code); reading what it said last');
  });

  test("a failure from before the restart is not taken for the new version's", async () => {
    const { result } = await follow([failed, failed, starting, running]);
    expect(result).toEqual([running]);
  });

  test('a failed unit ends the wait long before the deadline', async () => {
    const { seconds, result } = await follow([failed]);
    expect(result).toMatchObject({ failed: [{ unit: 'a.service', machine: 'core-1', result: 'exit-code' }] });
    expect(seconds).toBe(2);
  });

  test('a crash loop ends the wait before the deadline', async () => {
    const restarting = view({ active: 'activating', sub: 'auto-restart', failure });
    const { result, seconds } = await follow(Array.from({ length: 20 }, () => [restarting, starting]).flat());
    expect(String(result)).toContain('a.service failed on core-1 (crash loop, ');
    expect(seconds).toBeLessThan(15);
  });

  test('at the deadline it says what is missing', async () => {
    const { result, seconds } = await follow([starting], { deadline: 25 });
    expect(seconds).toBe(25);
    expect(String(result)).toBe(
      'UnitsNotHealthy: units are not healthy after 25 s:\n  a.service: activating (start) on core-1\n' +
        '`flotilla explain a.service` says what is in its way',
    );
  });

  test('whoever gave no deadline waits on while one more unit gets well every two minutes', async () => {
    const names = ['a.service', 'b.service', 'c.service'];
    const units = wanted.units.flatMap((each) => names.map((name) => ({ ...each, name })));
    const follow = (
      seconds: readonly number[],
      { announced = 0, ...more }: { announced?: number; deadline?: number } = {},
    ) => {
      let now = 0;
      const source = {
        machines: async () => ({ machines: [core1] }),
        units: async () => {
          const views = names.map((name, at) => ({
            ...(now >= (seconds[at] ?? 0) ? running : starting),
            name,
          }));
          return { revision: '1', units: views };
        },
        rollouts: async () => ({ rollouts: [] }),
      };
      const clock = {
        now: () => now * 1000,
        sleep: async (milliseconds: number) => {
          now += milliseconds / 1000;
        },
      };
      const options = { log: () => undefined, clock, ...more };
      return followUnits(source, { units: units.map((each) => ({ ...each, announced })), gone: [] }, options);
    };
    expect((await follow([100, 200, 300])).views).toHaveLength(3);
    // 120 s after the second one was seen to be well, two seconds late.
    await expect(follow([100, 200, 400])).rejects.toThrow('not healthy after 322 s');
    expect((await follow([100, 200, 400], { announced: 90 })).views).toHaveLength(3);
    await expect(follow([100, 200, 300], { deadline: 120 })).rejects.toThrow('not healthy after 120 s');
  });

  test('a unit that says how long it takes has that time on top', async () => {
    const slow = { ...wanted, units: wanted.units.map((each) => ({ ...each, announced: 60 })) };
    const ready = await follow([...Array.from({ length: 70 }, () => starting), running], {
      deadline: 25,
      wanted: slow,
    });
    expect(ready.result).toEqual([running]);
    const { seconds } = await follow([starting], { deadline: 25, wanted: slow });
    expect(seconds).toBe(85);
  });

  test('says every ten seconds what it waits for', async () => {
    const { log } = await follow([starting], { deadline: 25 });
    expect(log).toHaveLength(3);
  });

  test('asks less often the longer nothing changes, and quickly again when something does', async () => {
    let now = 0;
    const asked: number[] = [];
    const source = {
      machines: async () => ({ machines: [core1] }),
      units: async () => {
        asked.push(now);
        return { revision: '1', units: [now < 100 ? starting : running] };
      },
      rollouts: async () => ({ rollouts: [] }),
    };
    const sleep = async (milliseconds: number) => {
      now += milliseconds / 1000;
    };
    const clock = { now: () => now * 1000, sleep };
    await followUnits(source, wanted, { log: () => undefined, clock, deadline: 300 });
    expect(asked.filter((at) => at < 100).length).toBeLessThan(50);
    const seen = asked.find((at) => at >= 100) ?? 0;
    expect(seen).toBeLessThanOrEqual(110);
    expect(asked.at(-1)).toBeLessThan(seen + 3);
  });

  test('agents that are silent for a while are waited for', async () => {
    const { result, log } = await follow([new NoAnswer('core-1: it hung up'), running]);
    expect(result).toEqual([running]);
    expect(log[0]).toBe('core-1: it hung up');
  });

  test.each([
    ['another version', { hash: 'b'.repeat(64) }, 'the cluster has version bbbbbbb, not aaaaaaa'],
    ['another target state', { targetState: 'loaded' as const }, 'its target state is loaded, not launched'],
  ])('a unit that somebody else gave %s is not waited for', async (_, taken, why) => {
    const { result, seconds } = await follow([starting, { ...starting, ...taken }]);
    expect(String(result)).toBe(
      `UnitsNotHealthy: units were changed by somebody else meanwhile:\n  a.service: ${why}\n` +
        '`flotilla cat a.service` shows what the cluster has',
    );
    expect(result).toMatchObject({ late: false });
    expect(seconds).toBe(3);
  });

  test('a change that is taken back at once is no end', async () => {
    const { result } = await follow([{ ...starting, targetState: 'loaded' }, starting, running]);
    expect(result).toEqual([running]);
  });

  test('an error that time does not heal is thrown at once', async () => {
    const { result, seconds } = await follow([new TypeError('broken')]);
    expect(result).toBeInstanceOf(TypeError);
    expect(seconds).toBe(0);
  });

  test('a unit that finished gets longer to show that it had not only not started', async () => {
    const ended = view({ active: 'inactive', sub: 'dead' });
    const finishes = { units: wanted.units.map((unit) => ({ ...unit, finishes: true })), gone: [] };
    const { result, seconds } = await follow([ended, ended, starting, ended], { wanted: finishes });
    expect(result).toEqual([ended]);
    expect(seconds).toBe(8);
  });
});
