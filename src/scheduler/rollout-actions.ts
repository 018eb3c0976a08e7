import type { Reason } from '../model/reason.ts';
import type { Rollout, RolloutState, Versions } from '../model/rollout.ts';
import { type RecordedRollout, versionsBefore } from './rollout-versions.ts';

/** What an operator may do to a rollout. */
const rolloutActions = ['pause', 'resume', 'undo'] as const;
export type RolloutAction = (typeof rolloutActions)[number];

export interface ActionEffect {
  readonly record: Rollout;
  /** Versions that units get back together with the record, by unit. */
  readonly restore: Versions;
}

/** In which states each action has a meaning. */
const takenIn: Readonly<Record<RolloutAction, ReadonlySet<RolloutState>>> = {
  pause: new Set(['running', 'rolling-back']),
  resume: new Set(['paused', 'failed']),
  undo: new Set(['running', 'paused', 'failed', 'complete']),
};

/** What becomes of a rollout, or why nothing can. */
export function actOn(
  action: RolloutAction,
  rollout: RecordedRollout,
): ActionEffect | { readonly refusal: Reason } {
  const { record } = rollout;
  const { name, state } = record;
  if (!takenIn[action].has(state))
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
