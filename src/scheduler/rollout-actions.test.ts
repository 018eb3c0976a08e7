import { describe, expect, test } from '@jest/globals';
import { type Rollout, type RolloutAction, type RolloutState, rolloutStates } from '../model/rollout.ts';
import { actOn } from './rollout-actions.ts';
import { sampleGroup, sampleRollout } from './rollout-sample.ts';

const name = 'hello@.service';
const unit = 'hello@1.service';

function rollout(state: RolloutState, direction: Rollout['direction'] = 'forward'): Rollout {
  return { name, state, direction, from: { [unit]: 'v1' }, to: { [unit]: 'v2' }, reason: 'why' };
}

function act(action: RolloutAction, record: Rollout, files: readonly string[] = ['v1', 'v2']) {
  const wanted = record.direction === 'forward' ? 'v2' : 'v1';
  const group = sampleGroup(name, sampleRollout(1, wanted), record);
  return actOn(action, { group, record, hasFile: (hash) => files.includes(hash) });
}

describe('an operator', () => {
  test.each<[RolloutAction, readonly RolloutState[], RolloutState]>([
    ['pause', ['running', 'rolling-back'], 'paused'],
    ['resume', ['paused', 'failed'], 'running'],
    ['undo', ['running', 'paused', 'failed', 'complete'], 'rolling-back'],
  ])(
    '%s is taken in the states where it means something, and refused in all others',
    (action, states, next) => {
      for (const state of rolloutStates) {
        const effect = act(action, rollout(state));
        if (states.includes(state)) expect(effect).toMatchObject({ record: { state: next } });
        else expect(effect).toEqual({ refusal: `the rollout of ${name} is ${state}: nothing to ${action}` });
      }
    },
  );

  test('undo puts the versions before back', () => {
    expect(act('undo', rollout('complete'))).toMatchObject({
      restore: { [unit]: 'v1' },
      record: { direction: 'back', reason: 'undone by an operator' },
    });
  });

  test('a rollback that was paused goes on as one, and can not be undone', () => {
    expect(act('resume', rollout('paused', 'back'))).toMatchObject({ record: { state: 'rolling-back' } });
    expect(act('undo', rollout('paused', 'back'))).toEqual({
      refusal: `the rollout of ${name} is on its way back already; resume it`,
    });
  });

  test('what was before must be there, and be something else', () => {
    expect(act('undo', rollout('complete'), ['v2'])).toEqual({
      refusal: `the rollout of ${name} can't be undone: the file that ${unit} had before is gone`,
    });
    expect(act('undo', { ...rollout('complete'), from: { [unit]: 'v2' } })).toEqual({
      refusal: `the rollout of ${name} can't be undone: there is no other version to go back to`,
    });
  });
});
