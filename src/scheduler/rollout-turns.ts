import { type Group, isOutdated, type Member } from './rollout-group.ts';

/**
 * Which members get the version they shall have now. Two limits, both `MaxUnavailable=`:
 *
 * - members that have it and are not available yet (`updating`), so that a bad version breaks no more than that;
 * - members that are not available at all, whatever the cause, whenever one that works is taken down.
 *
 * Those that are down already come first: changing them takes nothing away. A machine that does not say what became of
 * a member is left alone, because it may well run: after an outage of etcd nobody says anything for a moment.
 */
export function turnsOf(group: Group, available: (member: Member) => boolean, updating: number): Member[] {
  const candidates = group.members.filter((member) => isOutdated(member) && member.here && member.status);
  const down = candidates.filter((member) => !available(member));
  const unavailable = group.members.filter((member) => !available(member)).length;
  const free = Math.max(0, group.maxUnavailable - updating);
  const first = down.slice(0, free);
  const room = Math.max(0, Math.min(free - first.length, group.maxUnavailable - unavailable));
  return [...first, ...candidates.filter(available).slice(0, room)];
}
