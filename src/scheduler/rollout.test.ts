import { describe, expect, test } from '@jest/globals';
import { failedState, sampleRolling, sampleRollout, sampleStatus } from './rollout-sample.ts';
import { hello, startedRollout, Trial } from './rollout-trial.ts';
import { sampleMachine, samplePlacement } from './sample.ts';

const name = 'hello@.service';

describe('a rollout', () => {
  test('begins with a record and gives no turn before that stands', () => {
    const trial = new Trial(sampleRollout(3, 'v2'));
    expect(trial.turns()).toEqual([]);
    expect(trial.record).toMatchObject({ name, state: 'running', direction: 'forward' });
    expect(trial.record?.from).toEqual({ [hello(1)]: 'v1', [hello(2)]: 'v1', [hello(3)]: 'v1' });
    expect(trial.record?.reason).toBe('3 instances to change, at most 1 unavailable');
  });

  test('goes on when an instance is ready, and is complete when all are', () => {
    const trial = startedRollout(2);
    expect(trial.turns()).toEqual([hello(1)]);
    expect(trial.turns()).toEqual([]);
    trial.says(1, 'v2', { active: 'activating', sub: 'start' });
    expect(trial.turns()).toEqual([]);
    trial.says(1, 'v2');
    expect(trial.turns()).toEqual([hello(2)]);
    trial.says(2, 'v2');
    expect(trial.look().record).toMatchObject({ state: 'complete', reason: '2 instances ready' });
  });

  test('an instance without a probe must stay active for five seconds', () => {
    const trial = new Trial(sampleRollout(2, 'v2'));
    const expects = { probe: false, finishes: false };
    trial.snapshot = { ...trial.snapshot, units: trial.snapshot.units.map((unit) => ({ ...unit, expects })) };
    trial.look();
    trial.look();
    trial.says(1, 'v2');
    expect(trial.look()).toEqual({ turns: [], until: 5000 });
    trial.now = 5000;
    expect(trial.turns()).toEqual([hello(2)]);
  });

  test('MaxUnavailable= is how many are taken at once, also when there are fewer', () => {
    expect(startedRollout(5, { maxUnavailable: 3 }).turns()).toEqual([1, 2, 3].map(hello));
    expect(startedRollout(2, { maxUnavailable: 9 }).turns()).toEqual([1, 2].map(hello));
  });

  test('hello@2 comes before hello@10', () => {
    expect(startedRollout(11, { maxUnavailable: 11 }).turns().indexOf(hello(10))).toBe(9);
  });

  test('an instance that is down already comes first, and no other beside it', () => {
    const trial = startedRollout(3);
    trial.says(3, 'v1', failedState);
    expect(trial.turns()).toEqual([hello(3)]);
    trial.says(3, 'v2');
    expect(trial.turns()).toEqual([hello(1)]);
  });

  test('when all are down they are mended one after the other', () => {
    const trial = startedRollout(3);
    for (const number of [1, 2, 3]) trial.says(number, 'v1', { active: 'activating', sub: 'auto-restart' });
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v2');
    expect(trial.turns()).toEqual([hello(2)]);
  });

  test('waits for instances of which nothing is known', () => {
    const trial = startedRollout(3);
    trial.silence(3);
    expect(trial.turns()).toEqual([]);
    trial.says(3, 'v1');
    expect(trial.turns()).toEqual([hello(1)]);
  });

  test('waits while a machine is missing', () => {
    const trial = startedRollout(3);
    trial.leaves(3, true);
    expect(trial.turns()).toEqual([]);
  });

  test('instances that are new have the new version already, and are waited for', () => {
    const trial = startedRollout(2);
    trial.snapshot = {
      ...trial.snapshot,
      machines: [...trial.snapshot.machines, sampleMachine(3)],
      units: [...trial.snapshot.units, sampleRolling(hello(3), 'v2')],
      placements: [...trial.snapshot.placements, samplePlacement(hello(3), 3, 'v2')],
    };
    expect(trial.turns()).toEqual([]);
    trial.says(3, 'v2');
    expect(trial.turns()).toEqual([hello(1)]);
  });

  test('ends when all its instances are destroyed or stopped', () => {
    const trial = startedRollout(2);
    trial.look();
    const { units } = trial.snapshot;
    const stopped = units.slice(1).map((unit) => ({ ...unit, targetState: 'inactive' as const }));
    trial.snapshot = { ...trial.snapshot, units: stopped, placements: [] };
    expect(trial.look().record).toMatchObject({ state: 'complete' });
  });

  test('an instance that is only loaded changes at once and does not count', () => {
    const trial = new Trial(sampleRollout(1, 'v2'));
    const [unit] = trial.snapshot.units;
    if (unit) trial.snapshot = { ...trial.snapshot, units: [{ ...unit, targetState: 'loaded' }] };
    expect(trial.look()).toEqual({ turns: [] });
  });
});

describe('another change', () => {
  test('in the middle begins from what is there, and the last complete version stays the one to go back to', () => {
    const trial = startedRollout(3);
    trial.look();
    trial.says(1, 'v2');
    trial.want({ [hello(1)]: 'v3', [hello(2)]: 'v3', [hello(3)]: 'v3' });
    trial.look();
    expect(trial.record).toMatchObject({
      state: 'running',
      from: { [hello(1)]: 'v1' },
      to: { [hello(1)]: 'v3' },
    });
    trial.look();
    trial.says(1, 'v3', failedState);
    expect(trial.look().restore).toMatchObject({ [hello(1)]: 'v1' });
  });

  test('back to the last complete version needs no other to go back to', () => {
    const trial = startedRollout(2);
    trial.look();
    trial.says(1, 'v2', { active: 'activating', sub: 'start' });
    trial.want({ [hello(1)]: 'v1', [hello(2)]: 'v1' });
    trial.look();
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v1', failedState);
    expect(trial.look().record?.reason).toMatch(/there is no other version to go back to$/);
  });

  test('that was taken back before its first turn is a rollout like the first when it comes again', () => {
    const trial = startedRollout(2);
    trial.want({ [hello(1)]: 'v1', [hello(2)]: 'v1' });
    expect(trial.look().record).toMatchObject({
      state: 'complete',
      reason: 'nothing is left to change',
      to: {},
    });
    expect(trial.look()).toEqual({ turns: [] });
    trial.want({ [hello(1)]: 'v2', [hello(2)]: 'v2' });
    expect(trial.look().record?.state).toBe('running');
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v2', failedState);
    expect(trial.look().restore).toMatchObject({ [hello(1)]: 'v1' });
  });

  test('after a rollback is a rollout again, also to the same version', () => {
    const trial = startedRollout(1);
    trial.look();
    trial.says(1, 'v2', failedState);
    trial.look();
    trial.look();
    trial.says(1, 'v1');
    trial.look();
    expect(trial.record?.state).toBe('rolled-back');
    trial.want({ [hello(1)]: 'v2' });
    trial.look();
    expect(trial.record).toMatchObject({ state: 'running', from: { [hello(1)]: 'v1' } });
  });

  test('after a complete one goes back to that one', () => {
    const trial = startedRollout(1);
    trial.look();
    trial.says(1, 'v2');
    trial.look();
    trial.want({ [hello(1)]: 'v3' });
    trial.look();
    expect(trial.record).toMatchObject({ state: 'running', from: { [hello(1)]: 'v2' } });
  });

  test('of one instance alone leaves the others out of it', () => {
    const trial = new Trial(sampleRollout(3, 'v1'));
    trial.says(3, 'v1', failedState);
    trial.want({ [hello(1)]: 'v2' });
    trial.look();
    expect(trial.record?.to).toEqual({ [hello(1)]: 'v2' });
    expect(trial.turns()).toEqual([]);
    trial.says(3, 'v1');
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v2');
    expect(trial.look().record?.state).toBe('complete');
  });
});

describe('a global unit', () => {
  const everywhere = 'all.service';
  function global(): Trial {
    const trial = new Trial({
      ...sampleRollout(3, 'v2'),
      units: [{ ...sampleRolling(everywhere, 'v2'), global: true }],
      placements: [1, 2, 3].map((number) => samplePlacement(everywhere, number)),
      statuses: [1, 2, 3].map((number) => sampleStatus(everywhere, number, 'v1')),
    });
    trial.look();
    return trial;
  }

  test('rolls machine by machine', () => {
    const trial = global();
    expect(trial.look().turns.map(({ machine }) => machine)).toEqual(['core-1']);
  });

  test('does not wait for a machine that is gone for long, which gets the version when it is back', () => {
    const trial = global();
    const { snapshot } = trial;
    const others = ({ machineId }: { machineId: string }) => machineId !== sampleMachine(3).id;
    trial.snapshot = {
      ...snapshot,
      machines: snapshot.machines.slice(0, 2),
      statuses: snapshot.statuses.filter(others),
    };
    for (const number of [1, 2]) {
      trial.look();
      const status = sampleStatus(everywhere, number, 'v2');
      const statuses = trial.snapshot.statuses.filter(({ machineId }) => machineId !== status.machineId);
      trial.snapshot = { ...trial.snapshot, statuses: [...statuses, status] };
    }
    trial.look();
    expect(trial.record?.state).toBe('complete');
    const late = sampleStatus(everywhere, 3, 'v1');
    trial.snapshot = {
      ...trial.snapshot,
      machines: snapshot.machines,
      statuses: [...trial.snapshot.statuses, late],
    };
    expect(trial.look().turns.map(({ machine }) => machine)).toEqual(['core-3']);
    expect(trial.record?.state).toBe('complete');
  });
});
