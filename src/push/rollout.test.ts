import { describe, expect, test } from '@jest/globals';
import type { RolloutView, UnitView } from '../model/api.ts';
import type { UnitStatus } from '../model/status.ts';
import { hashOf } from '../unit/hash.ts';
import { type DesiredUnit, diffUnits } from './diff.ts';
import { core1, followMoments, type Moment } from './fake-source.ts';
import { plannedRollouts } from './rollout.ts';
import { UnitsNotHealthy } from './units-not-healthy.ts';

const name = 'hello@.service';
const unit = 'hello@1.service';
const [before, after] = ['a'.repeat(64), 'b'.repeat(64)];

function view(wanted: string, placed: string, changes: Partial<UnitStatus> = {}): UnitView {
  const placement = {
    unit,
    machineId: core1.id,
    hash: placed,
    targetState: 'launched',
    reason: 'r',
  } as const;
  const state = { unit, machineId: core1.id, hash: placed, load: 'loaded', active: 'active', sub: 'running' };
  return {
    name: unit,
    hash: wanted,
    targetState: 'launched',
    placements: [placement],
    states: [{ ...state, ...changes }],
  };
}

function rollout(
  state: RolloutView['state'],
  reason: string,
  changes: Partial<RolloutView> = {},
): RolloutView {
  return { name, state, updated: 0, total: 1, reason, ...changes };
}

const failure = { unit, machine: 'core-1', journal: ['cannot bind port 80', 'exiting'] };
const failed = {
  active: 'failed',
  sub: 'failed',
  failure: { result: 'exit-code', journal: failure.journal },
};

/** Follows the unit while its rollout goes on; 120 s without news, or 300 s a step, are too long. */
function follow(
  moments: readonly Moment[],
  { deadline, rolloutDeadline = 300 }: { deadline?: number; rolloutDeadline?: number } = {},
) {
  const units = [
    {
      ...({ name: unit, hash: after, targetState: 'launched' } as const),
      ...{ finishes: false, probe: false, rolloutDeadline, announced: 0, rolls: true },
    },
  ] as const;
  return followMoments(moments, { units, gone: [] }, deadline);
}

describe('following a rollout', () => {
  const waiting = rollout('running', `waiting for ${unit} to get ready on core-1`);
  const done = rollout('complete', '1 instance ready', { updated: 1 });

  test('streams its progress and returns when it is complete', async () => {
    const { result, log, seconds } = await follow([
      { view: view(after, before), rollout: rollout('running', `${unit} on core-1 is next`) },
      { view: view(after, after, { active: 'activating', sub: 'start' }), rollout: waiting },
      {
        view: view(after, after),
        rollout: rollout('running', 'watching that all stay ready', { updated: 1 }),
      },
      { view: view(after, after), rollout: done },
    ]);
    expect(result).toMatchObject({ views: [{ name: unit }] });
    expect(seconds).toBe(5);
    expect(log).toEqual([
      `rollout of ${name}: 0 of 1 updated, ${unit} on core-1 is next`,
      `rollout of ${name}: 0 of 1 updated, waiting for ${unit} to get ready on core-1`,
      `rollout of ${name}: 1 of 1 updated, watching that all stay ready`,
      '1 of 1 units are as wanted; watching that they stay so',
    ]);
  });

  test('that is rolled back waits until all are restored, then ends with the last journal lines', async () => {
    const why = `${unit} failed on core-1 (exit-code)`;
    const { result, log } = await follow([
      { view: view(after, after, failed), rollout: waiting },
      ...Array.from({ length: 5 }, () => ({
        view: view(before, before, { active: 'activating', sub: 'start' }),
        rollout: rollout('rolling-back', `${why}; waiting for ${unit} to get ready on core-1`, { failure }),
      })),
      { view: view(before, before), rollout: rollout('rolled-back', `${why}; 1 instance back`, { failure }) },
    ]);
    expect(result).toBeInstanceOf(UnitsNotHealthy);
    expect(String(result)).toContain(
      `the rollout of ${name} was rolled back: ${why}; 1 instance back\n  cannot bind port 80\n  exiting`,
    );
    expect(result).toMatchObject({ failed: [{ unit, machine: 'core-1', journal: failure.journal }] });
    expect(log[1]).toContain(`rollback of ${name}: 0 of 1 have the version before, ${why}`);
  });

  test('that stopped is an error as well', async () => {
    const { result } = await follow([
      {
        view: view(after, after, failed),
        rollout: rollout('failed', 'Rollback=false leaves it so', { failure }),
      },
    ]);
    expect(String(result)).toContain(`the rollout of ${name} failed and was left as it is: Rollback=false`);
  });

  test('does not take the record of an earlier one for the answer', async () => {
    const { result } = await follow([
      { view: view(after, before), rollout: rollout('rolled-back', 'an earlier one', { failure }) },
      { view: view(after, before), rollout: rollout('failed', 'an earlier one', { failure }) },
      { view: view(after, after), rollout: done },
    ]);
    expect(result).toMatchObject({ views: [{ name: unit }] });
  });

  test('has time for each of its steps', async () => {
    const steps = Array.from({ length: 40 }, (_, at) => ({
      view: view(after, before),
      rollout: rollout('running', `step ${Math.floor(at / 10)}`),
    }));
    const slow = await follow([...steps, { view: view(after, after), rollout: done }], {
      deadline: 5,
      rolloutDeadline: 15,
    });
    expect(slow.result).toMatchObject({ views: [{ name: unit }] });
    const stuck = await follow(steps, { deadline: 5, rolloutDeadline: 15 });
    // The last step is seen half a second after it was taken.
    expect(stuck.seconds).toBe(50);
    expect(String(stuck.result)).toContain('units are not healthy after 51 s:');
    expect(String(stuck.result)).toContain(`rollout of ${name}: 0 of 1 updated, step 3`);
  });

  test('that is paused is waited for as long as anything else', async () => {
    const { result, seconds } = await follow(
      [{ view: view(after, before), rollout: rollout('paused', 'paused by an operator') }],
      { deadline: 30 },
    );
    expect(seconds).toBe(30);
    expect(String(result)).toContain('core-1 keeps the version before until its turn');
  });
});

describe('plannedRollouts', () => {
  const placement = { machineId: core1.id, hash: '', targetState: 'launched', reason: 'r' } as const;
  const remote = (each: string, machines: number): UnitView => ({
    name: each,
    hash: hashOf('old'),
    targetState: 'launched',
    placements: Array.from({ length: machines }, () => ({ ...placement, unit: each })),
    states: [],
  });
  const desired = (each: string, more = ''): DesiredUnit => ({
    name: each,
    contents: `[Service]\nExecStart=/bin/a\n${more}`,
    targetState: 'launched',
  });
  const plan = (units: readonly DesiredUnit[], views: readonly UnitView[]) =>
    plannedRollouts({ units, previous: [] }, diffUnits({ units, previous: [] }, views, []), views);

  test('says how templates and global units roll, and nothing of others', () => {
    const global = '[X-Fleet]\nGlobal=true\n[X-Flotilla]\nMaxUnavailable=9\nRollback=false\n';
    const units = [
      desired(unit),
      desired('hello@2.service'),
      desired('all.service', global),
      desired('a.service'),
      desired('new@1.service'),
    ];
    const views = [
      remote(unit, 1),
      remote('hello@2.service', 1),
      remote('all.service', 3),
      remote('a.service', 1),
    ];
    expect(plan(units, views)).toEqual([
      {
        name,
        how: 'rolls over 2 instances, 1 at a time; each gets 300 s to be ready, and if one fails the version before comes back',
      },
      {
        name: 'all.service',
        how: 'rolls over 3 instances, all at once; each gets 300 s to be ready, and if one fails it stops there',
      },
    ]);
  });

  test('says nothing when nothing changes', () => {
    expect(plan([desired(unit)], [{ ...remote(unit, 1), hash: hashOf(desired(unit).contents) }])).toEqual([]);
  });
});
