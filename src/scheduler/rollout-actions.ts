import type { Reason } from '../model/reason.ts';
import {
  type Rollout,
  type RolloutAction,
  type RolloutState,
  rolloutActions,
  type Versions,
} from '../model/rollout.ts';
import { type RecordedRollout, versionsBefore } from './rollout-versions.ts';

export interface ActionEffect {
  readonly record: Rollout;
  /** Versions that units get back together with the record, by unit. */
  readonly restore: Versions;
}

/** What becomes of a rollout, or why nothing can. */
export function actOn(
  action: RolloutAction,
  rollout: RecordedRollout,
): ActionEffect | { readonly refusal: Reason } {
  const { record } = rollout;
  const { name, state } = record;
  const meaningful: readonly RolloutState[] = rolloutActions[action];
  if (!meaningful.includes(state))
    return { refusal: `the rollout of ${name} is ${state}: nothing to ${action}` };
  if (action === 'undo') return undo(rollout);
  const { failure: _, ...rest } = record;
  if (action === 'pause')
    return { record: { ...record, state: 'paused', reason: 'paused by an operator' }, restore: {} };
  if (record.direction === 'forward') {
    return { record: { ...rest, state: 'running', reason: 'resumed by an operator' }, restore: {} };
  }
  return { record: { ...record, state: 'rolling-back', reason: 'resumed by an operator' }, restore: {} };
}

function undo(rollout: RecordedRollout): ActionEffect | { readonly refusal: Reason } {
  const { record } = rollout;
  if (record.direction === 'back') {
    return { refusal: `the rollout of ${record.name} is on its way back already; resume it` };
  }
  const restore = versionsBefore(rollout);
  if ('missing' in restore)
    return { refusal: `the rollout of ${record.name} can't be undone: ${restore.missing}` };
  const reason = 'undone by an operator';
  return { record: { ...record, state: 'rolling-back', direction: 'back', reason }, restore };
}
