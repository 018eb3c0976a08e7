import { pairOf } from '../model/placement.ts';
import {
  type Crashes,
  crashLimit,
  failureResult,
  hasFailed,
  isSpeaking,
  observeCrash,
  settledAt,
} from '../model/readiness.ts';
import type { Reason } from '../model/reason.ts';
import { isReadyMember, type Member } from './rollout-group.ts';

/** What one look can't tell: since when an instance is as it is, in milliseconds of the leader's clock. */
export interface Sight {
  /** The version it was seen with; with another one everything begins anew. */
  readonly hash: string;
  readonly ready: boolean;
  readonly since: number;
  readonly crashes?: Crashes;
}

/** By `pairOf`. */
export type Sights = ReadonlyMap<string, Sight>;

/** What is seen of the members of one group. Whoever is at work at the first look did not just start. */
export function observe(before: Sights, members: readonly Member[], now: number): Sights {
  const first = !members.some((member) => before.has(pairOf(member)));
  return new Map(
    members.map((member) => {
      const pair = pairOf(member);
      if (first && isReadyMember(member)) {
        return [pair, { hash: member.hash, ready: true, since: Number.NEGATIVE_INFINITY }];
      }
      return [pair, observeMember(before.get(pair), member, now)];
    }),
  );
}

/** Time stands still for an instance whose machine is missing: nobody can know how it is. */
function observeMember(before: Sight | undefined, member: Member, now: number): Sight {
  const { hash, here, placed, status } = member;
  const known = before?.hash === hash ? before : undefined;
  const ready = isReadyMember(member);
  const crashes = status ? observeCrash(known?.crashes, status) : known?.crashes;
  const blind = placed && !here;
  const since = !blind && known?.ready === ready ? known.since : now;
  return { hash, ready, since, ...(crashes && { crashes }) };
}

/** What is to be thought of an instance that has the version it shall have. */
export type Verdict =
  | { readonly is: 'available' }
  /** `until`: when that will be another verdict if nothing changes. */
  | { readonly is: 'waiting'; readonly until: number }
  | { readonly is: 'failed'; readonly reason: Reason };

export function judge(member: Member, sight: Sight | undefined, now: number): Verdict {
  const { unit, placed, machine, status, deadline, expects } = member;
  if (status && isSpeaking(status)) return { is: 'waiting', until: Number.POSITIVE_INFINITY };
  if (status && hasFailed(status)) return failed(`${unit} failed on ${machine} (${failureResult(status)})`);
  if ((sight?.crashes?.count ?? 0) >= crashLimit) {
    return failed(`${unit} crashed ${crashLimit} times on ${machine}`);
  }
  const since = sight?.since ?? now;
  if (sight?.ready) {
    const until = settledAt(since, expects);
    return now >= until ? { is: 'available' } : { is: 'waiting', until };
  }
  const until = deadlineOf(member, sight, now);
  if (now < until) return { is: 'waiting', until };
  const where = placed ? ` on ${machine}` : '';
  return failed(`${unit} did not get ready${where} within ${deadline} s: ${sayState(member)}`);
}

/** When an instance that is not ready has had its time, in milliseconds of the leader's clock. */
export function deadlineOf({ deadline }: Member, sight: Sight | undefined, now: number): number {
  return (sight?.since ?? now) + deadline * 1000;
}

function failed(reason: Reason): Verdict {
  return { is: 'failed', reason };
}

function sayState({ placed, status }: Member): string {
  if (!placed) return 'no machine takes it';
  if (status === undefined) return 'its machine does not report this version';
  const { active, sub, ready, waiting } = status;
  return waiting ?? (ready?.ok === false ? ready.detail : `it is ${active} (${sub})`);
}
