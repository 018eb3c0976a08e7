import { describe, expect, test } from '@jest/globals';
import { failedState, sampleRollout } from './rollout-sample.ts';
import { hello, startedRollout, Trial } from './rollout-trial.ts';
import { sampleMachine, samplePlacement } from './sample.ts';

describe('a version that no machine takes', () => {
  test('takes one instance only, and is given up in time', () => {
    const trial = startedRollout(3, { deadline: 60 });
    expect(trial.turns()).toEqual([hello(1)]);
    const others = trial.snapshot.placements.filter(({ unit }) => unit !== hello(1));
    trial.snapshot = { ...trial.snapshot, placements: others };
    trial.silence(1);
    expect(trial.look()).toEqual({ turns: [], until: 60_000 });
    trial.now = 60_000;
    expect(trial.look()).toMatchObject({
      restore: { [hello(1)]: 'v1' },
      record: { reason: `${hello(1)} did not get ready within 60 s: no machine takes it` },
    });
    expect(trial.turns()).toEqual([]);
    trial.snapshot = { ...trial.snapshot, placements: [...others, samplePlacement(hello(1), 2)] };
    trial.says(1, 'v1');
    trial.snapshot = {
      ...trial.snapshot,
      statuses: trial.snapshot.statuses.map((each) =>
        each.unit === hello(1) ? { ...each, machineId: sampleMachine(2).id } : each,
      ),
    };
    expect(trial.look().record?.state).toBe('rolled-back');
  });

  test('an instance that had no machine before does not keep the others waiting', () => {
    const trial = new Trial(sampleRollout(3, 'v2'));
    trial.snapshot = { ...trial.snapshot, placements: trial.snapshot.placements.slice(0, 2) };
    trial.look();
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v2');
    expect(trial.turns()).toEqual([hello(2)]);
    trial.says(2, 'v2');
    expect(trial.look().record?.state).toBe('complete');
  });
});

describe('a version whose instance fails', () => {
  test('is given up when its machine has told what the instance said last, and not gone on with until then', () => {
    const trial = startedRollout(2);
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v2', { ...failedState, failure: { result: 'exit-code' } });
    expect(trial.look()).toEqual({ turns: [], until: Number.POSITIVE_INFINITY });
    trial.says(1, 'v2', failedState);
    expect(trial.look().record).toMatchObject({
      state: 'rolling-back',
      failure: { unit: hello(1), journal: ['the disk is on fire'] },
    });
  });
});

describe('an instance that is down and that the rollout does not change', () => {
  function besides(): Trial {
    const trial = new Trial(sampleRollout(3, 'v1', { deadline: 60 }));
    trial.want({ [hello(1)]: 'v2' });
    trial.says(2, 'v1', failedState);
    trial.look();
    return trial;
  }
  const why = `no instance may be taken down (MaxUnavailable=1): ${hello(2)} has been down on core-2 for 60 s`;

  test('is waited for as long as for one that was changed', () => {
    const trial = besides();
    expect(trial.look()).toEqual({ turns: [], until: 60_000 });
    trial.now = 59_999;
    expect(trial.turns()).toEqual([]);
    trial.now = 60_000;
    expect(trial.look().record).toMatchObject({
      state: 'rolling-back',
      reason: why,
      failure: { unit: hello(2) },
    });
    expect(trial.look().record).toMatchObject({ state: 'rolled-back' });
  });

  test('is waited for no longer once it is back', () => {
    const trial = besides();
    trial.now = 30_000;
    trial.says(2, 'v1');
    expect(trial.turns()).toEqual([hello(1)]);
  });

  test('also ends a rollback that it keeps from going on', () => {
    const trial = new Trial(sampleRollout(3, 'v1', { deadline: 60 }));
    trial.want({ [hello(1)]: 'v2', [hello(3)]: 'v2' });
    trial.look();
    expect(trial.turns()).toEqual([hello(1)]);
    trial.says(1, 'v2');
    expect(trial.turns()).toEqual([hello(3)]);
    trial.says(3, 'v2', failedState);
    expect(trial.look().record).toMatchObject({ state: 'rolling-back' });
    expect(trial.turns()).toEqual([hello(3)]);
    trial.says(2, 'v1', failedState);
    trial.says(3, 'v1');
    expect(trial.look()).toEqual({ turns: [], until: 60_000 });
    trial.now = 60_000;
    expect(trial.look().record).toMatchObject({
      state: 'failed',
      reason: `${hello(3)} failed on core-3 (exit-code); the version before can't come back: ${why}`,
    });
  });
});

describe('a version that fails', () => {
  test('is taken back, the failed instance first', () => {
    const trial = startedRollout(3);
    trial.look();
    trial.says(1, 'v2', failedState);
    expect(trial.look()).toMatchObject({
      restore: { [hello(1)]: 'v1', [hello(2)]: 'v1', [hello(3)]: 'v1' },
      record: {
        state: 'rolling-back',
        reason: `${hello(1)} failed on core-1 (exit-code)`,
        failure: { unit: hello(1), machine: 'core-1', journal: ['the disk is on fire'] },
      },
    });
    expect(trial.turns()).toEqual([hello(1)]);
    expect(trial.look().record).toBeUndefined();
    trial.says(1, 'v1');
    expect(trial.look().record).toMatchObject({
      state: 'rolled-back',
      reason: `${hello(1)} failed on core-1 (exit-code); 3 instances back at the version before`,
    });
  });

  test('is taken back at once, though the others have not been watched for long', () => {
    const trial = new Trial(sampleRollout(3, 'v2'));
    const expects = { probe: false, finishes: false };
    const units = trial.snapshot.units.map((unit) => ({ ...unit, expects }));
    trial.snapshot = { ...trial.snapshot, units };
    trial.look();
    trial.look();
    trial.says(1, 'v2', failedState);
    trial.look();
    expect(trial.turns()).toEqual([hello(1)]);
  });

  test('goes back as carefully as it came', () => {
    const trial = startedRollout(3);
    for (const number of [1, 2]) {
      trial.look();
      trial.says(number, 'v2');
    }
    trial.look();
    trial.says(3, 'v2', failedState);
    trial.look();
    expect(trial.turns()).toEqual([hello(3)]);
    expect(trial.turns()).toEqual([]);
    trial.says(3, 'v1');
    expect(trial.turns()).toEqual([hello(1)]);
    expect(trial.turns()).toEqual([]);
    trial.says(1, 'v1');
    expect(trial.turns()).toEqual([hello(2)]);
  });

  test('stays where it is with Rollback=false', () => {
    const trial = startedRollout(2, { rollback: false });
    trial.look();
    trial.says(1, 'v2', failedState);
    expect(trial.look().restore).toBeUndefined();
    expect(trial.record).toMatchObject({ state: 'failed', failure: { unit: hello(1) } });
    expect(trial.turns()).toEqual([]);
  });

  test('fails when it is not ready in time', () => {
    const trial = startedRollout(2, { deadline: 60 });
    trial.look();
    const ready = { ok: false, detail: 'port 80 accepts no connection' };
    trial.says(1, 'v2', { ready });
    expect(trial.look().until).toBe(60_000);
    trial.now = 60_000;
    expect(trial.look().record?.reason).toBe(
      `${hello(1)} did not get ready on core-1 within 60 s: port 80 accepts no connection`,
    );
  });

  test('the time of a machine that is missing does not run', () => {
    const trial = startedRollout(2, { deadline: 60 });
    trial.look();
    trial.leaves(1, true);
    for (const now of [30_000, 60_000, 90_000]) {
      trial.now = now;
      expect(trial.look().record).toBeUndefined();
    }
  });

  test('fails when systemd restarts it again and again', () => {
    const trial = startedRollout(1);
    trial.look();
    for (let crash = 0; crash < 5; crash++) {
      expect(trial.record?.state).toBe('running');
      trial.says(1, 'v2', { active: 'activating', sub: 'auto-restart' });
      trial.look();
      trial.says(1, 'v2', { active: 'activating', sub: 'start' });
      trial.look();
    }
    expect(trial.record?.reason).toBe(`${hello(1)} crashed 5 times on core-1`);
  });

  test('whose version before does not work either is left alone', () => {
    const trial = startedRollout(3);
    trial.look();
    trial.says(1, 'v2');
    trial.look();
    trial.says(2, 'v2', failedState);
    trial.look();
    trial.look();
    trial.says(2, 'v1', failedState);
    expect(trial.look().record).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('the version before does not work either: hello@2.service failed'),
    });
  });

  test('an instance that was down before is down again, and the others were never touched', () => {
    const trial = startedRollout(3);
    trial.says(2, 'v1', failedState);
    expect(trial.turns()).toEqual([hello(2)]);
    trial.says(2, 'v2', failedState);
    trial.look();
    trial.look();
    trial.says(2, 'v1', failedState);
    expect(trial.look().record).toMatchObject({
      state: 'rolled-back',
      reason: expect.stringMatching(/back at the version before, but hello@2.service failed on core-2/),
    });
  });

  test('can not go back to a file that is gone', () => {
    const trial = startedRollout(1);
    trial.files.delete('v1');
    trial.look();
    trial.says(1, 'v2', failedState);
    expect(trial.look().record).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('the file that hello@1.service had before is gone'),
    });
  });
});
