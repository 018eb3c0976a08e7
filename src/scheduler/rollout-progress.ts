import type { RolloutView } from '../model/api.ts';
import type { Reason } from '../model/reason.ts';
import { isMoving, type Rollout } from '../model/rollout.ts';
import { type Group, isOutdated, isReadyMember, type Member } from './rollout-group.ts';

/** A rollout as users see it. How far it is follows from the group alone, so nobody has to write that down. */
export function viewRollout(group: Group, record: Rollout): RolloutView {
  const { name, state, reason, failure } = record;
  const updated = group.members.filter((member) => !isOutdated(member) && isReadyMember(member)).length;
  return {
    name,
    state,
    updated,
    total: group.members.length,
    reason: sayWhy(group, record, reason),
    ...(failure !== undefined && { failure }),
  };
}

function sayWhy(group: Group, { state }: Rollout, reason: Reason): Reason {
  if (!isMoving({ state })) return reason;
  const waiting = sayWaiting(group.members);
  return state === 'running' ? waiting : `${reason}; ${waiting}`;
}

/** The first that keeps it from going on. */
function sayWaiting(members: readonly Member[]): Reason {
  const homeless = members.find(({ placed }) => !placed);
  if (homeless) return `waiting for a machine that takes ${homeless.unit}`;
  const unready = members.filter((member) => member.here && !isReadyMember(member));
  const [first] = [...unready.filter((member) => !isOutdated(member)), ...unready];
  if (first) {
    const silent = isOutdated(first) && first.status === undefined;
    return silent
      ? `waiting for ${first.machine} to tell of ${first.unit}`
      : `waiting for ${first.unit} to get ready on ${first.machine}`;
  }
  const missing = members.find(({ here }) => !here);
  if (missing) return `waiting for ${missing.machine}, which is missing`;
  const next = members.find(isOutdated);
  return next ? `${next.unit} on ${next.machine} is next` : 'watching that all stay ready';
}
