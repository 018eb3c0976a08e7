import { pairOf } from '../model/placement.ts';
import type { Reason } from '../model/reason.ts';
import type { Rollout, RolloutState, Versions } from '../model/rollout.ts';
import { type Group, isOutdated, isReadyMember, type Member } from './rollout-group.ts';
import { deadlineOf, judge, type Sights, type Verdict } from './rollout-sights.ts';
import { turnsOf } from './rollout-turns.ts';
import { lastComplete, type RecordedRollout, toldVersion, versionsBefore } from './rollout-versions.ts';

/** What is done about one group now. */
export interface Step {
  /** The record as it shall be from now on; absent when nothing about it changes. */
  readonly record?: Rollout;
  /** Versions that units get back together with the record, by unit. */
  readonly restore?: Versions;
  /** Members that get the version they shall have. All others keep theirs. */
  readonly turns: readonly Member[];
  /** When to look again if nothing changes, in milliseconds of the leader's clock. */
  readonly until?: number;
}

export interface RolloutLook extends Omit<RecordedRollout, 'record'> {
  readonly record?: Rollout;
  readonly sights: Sights;
  /** Milliseconds of the leader's clock, which `sights` are on as well. */
  readonly now: number;
}

const nothing: Step = { turns: [] };

/**
 * Decides how a group goes on. Pure: the same look gives the same step, whoever leads. A step that changes the record
 * gives no turns, so that no instance ever has a version of which the record does not know.
 */
export function stepRollout(look: RolloutLook): Step {
  const { group, record } = look;
  if (isNewChange(group, record)) return { record: started(group, record), turns: [] };
  return record === undefined ? nothing : steps[record.state]({ ...look, record });
}

type RecordedLook = RolloutLook & { readonly record: Rollout };

/** After its end a machine that was away may still have the version before: it gets the new one like the others. */
const steps: Readonly<Record<RolloutState, (look: RecordedLook) => Step>> = {
  running: forward,
  'rolling-back': back,
  complete: (look) => turnsStep(look, judgeAll(look)),
  'rolled-back': (look) => turnsStep(look, judgeAll(look)),
  paused: () => nothing,
  failed: () => nothing,
};

/**
 * Somebody wants another version than the record says, and nobody has decided about that yet. Also when every instance
 * has it: whoever takes a change back before its first turn may want it again, and then it is a change like the first.
 */
function isNewChange({ units, members }: Group, record: Rollout | undefined): boolean {
  const outdated = new Set(members.filter(isOutdated).map(({ unit }) => unit));
  if (record === undefined) return outdated.size > 0;
  return units.some(({ name, hash }) => {
    const told = toldVersion(record, name);
    return told === undefined ? outdated.has(name) : told !== hash;
  });
}

function started({ name, units, members, maxUnavailable }: Group, record: Rollout | undefined): Rollout {
  const outdated = members.filter(isOutdated);
  const changed = new Set(outdated.map(({ unit }) => unit));
  const to = units.flatMap(({ name: unit, hash }) => (changed.has(unit) ? [[unit, hash]] : []));
  const begun = {
    name,
    direction: 'forward',
    from: lastComplete(members, record),
    to: Object.fromEntries(to),
  } as const;
  if (outdated.length === 0) return { ...begun, state: 'complete', reason: 'nothing is left to change' };
  const reason = `${instances(outdated.length)} to change, at most ${maxUnavailable} unavailable`;
  return { ...begun, state: 'running', reason };
}

/** Members that have what they shall have, as far as the rollout brought it to them. */
function judgeAll({ group, record, sights, now }: RecordedLook): ReadonlyMap<Member, Verdict> {
  const concerned = ({ unit }: Member) => unit in record.to || !(unit in record.from);
  return new Map(
    group.members
      .filter((member) => !isOutdated(member) && concerned(member))
      .map((member) => [member, judge(member, sights.get(pairOf(member)), now)]),
  );
}

function forward(look: RecordedLook): Step {
  const { group, record } = look;
  const verdicts = judgeAll(look);
  const broken = failures(verdicts)[0];
  if (broken) return giveUp(look, broken);
  const done = ![...verdicts.values()].some(({ is }) => is !== 'available');
  if (!done || group.members.some(isOutdated)) {
    const step = turnsStep(look, verdicts);
    const obstacle = step.turns.length === 0 && done ? obstacleTo(look, verdicts) : undefined;
    if (obstacle === undefined) return step;
    return 'until' in obstacle ? { ...step, until: obstacle.until } : giveUp(look, obstacle);
  }
  const reason = `${instances(group.members.length)} ready`;
  return { record: { ...record, state: 'complete', reason }, turns: [] };
}

interface Failure {
  readonly member: Member;
  readonly reason: Reason;
}

function failures(verdicts: ReadonlyMap<Member, Verdict>): Failure[] {
  return [...verdicts].flatMap(([member, verdict]) =>
    verdict.is === 'failed' ? { member, reason: verdict.reason } : [],
  );
}

/**
 * While as many instances are down as may be, and none of them has anything to do with this rollout, no other gets its
 * turn. That is waited for as for an instance that was changed.
 */
function obstacleTo(
  { group, sights, now }: RecordedLook,
  verdicts: ReadonlyMap<Member, Verdict>,
): Failure | { readonly until: number } | undefined {
  const down = group.members.filter((member) => !verdicts.has(member) && !isReadyMember(member));
  const [first] = down
    .map((member) => ({ member, until: deadlineOf(member, sights.get(pairOf(member)), now) }))
    .sort((a, b) => a.until - b.until);
  if (first === undefined || first.until > now) return first && { until: first.until };
  const { unit, machine, deadline } = first.member;
  const room = `MaxUnavailable=${group.maxUnavailable}`;
  const reason = `no instance may be taken down (${room}): ${unit} has been down on ${machine} for ${deadline} s`;
  return { member: first.member, reason };
}

function giveUp(look: RecordedLook, { member, reason }: Failure): Step {
  const { group, record } = look;
  const { unit, machine, status } = member;
  const failure = { unit, machine, journal: status?.failure?.journal ?? [] };
  const stop = (why: Reason): Step => ({
    record: { ...record, state: 'failed', reason: `${reason}; ${why}`, failure },
    turns: [],
  });
  if (!group.rollback) return stop('Rollback=false leaves it so');
  const restore = versionsBefore(look);
  if ('missing' in restore) return stop(restore.missing);
  return {
    record: { ...record, state: 'rolling-back', direction: 'back', reason, failure },
    restore,
    turns: [],
  };
}

function back(look: RecordedLook): Step {
  const { group, record } = look;
  const verdicts = judgeAll(look);
  const step = turnsStep(look, verdicts);
  const { turns } = step;
  const busy = turns.length > 0 || [...verdicts.values()].some(({ is }) => is === 'waiting');
  const outdated = group.members.filter(isOutdated);
  const stuck = failures(verdicts).map(({ reason }) => reason);
  const end = (state: RolloutState, reason: Reason): Step => ({
    record: { ...record, state, reason },
    turns: [],
  });
  if (busy) return step;
  if (outdated.length > 0 && stuck.length === 0) {
    const obstacle = obstacleTo(look, verdicts);
    if (obstacle === undefined) return step;
    if ('until' in obstacle) return { ...step, until: obstacle.until };
    return end('failed', `${record.reason}; the version before can't come back: ${obstacle.reason}`);
  }
  if (outdated.length > 0)
    return end('failed', `${record.reason}; the version before does not work either: ${stuck[0]}`);
  const but = stuck.length > 0 ? `, but ${stuck.join(', ')}` : '';
  return end(
    'rolled-back',
    `${record.reason}; ${instances(group.members.length)} back at the version before${but}`,
  );
}

function turnsStep({ group }: RolloutLook, verdicts: ReadonlyMap<Member, Verdict>): Step {
  const available = (member: Member) => {
    const verdict = verdicts.get(member);
    return verdict ? verdict.is === 'available' : isReadyMember(member);
  };
  const updating = [...verdicts.values()].filter(({ is }) => is !== 'available').length;
  const turns = turnsOf(group, available, updating);
  const times = [...verdicts.values()].flatMap((verdict) => (verdict.is === 'waiting' ? verdict.until : []));
  return { turns, ...(times.length > 0 && { until: Math.min(...times) }) };
}

function instances(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}
