import { isDown } from '../../model/readiness.ts';
import type { Lease } from '../../store/store.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { UnitAction } from './reconcile.ts';

/**
 * Whether this machine may run what must not run twice. `unknown` is an agent that has started and had no lease
 * yet: what an earlier agent left running runs on, for as long as that one's lease lasted, which the guard knows.
 */
export type Membership = 'unknown' | 'member' | 'lost';

/** As of `now` on the clock that the lease is kept by. */
export function membershipOf(lease: Lease | undefined, now: number): Membership {
  if (lease === undefined) return 'unknown';
  return lease.lost.aborted || lease.endsAt <= now ? 'lost' : 'member';
}

/** Names of those that have `Fence=stop`. */
export function fencedUnits(needs: ReadonlyMap<string, UnitNeeds>): string[] {
  return [...needs].flatMap(([unit, { flotilla }]) => (flotilla.fence === 'stop' ? unit : []));
}

/** What a machine without a lease does about its fenced units. */
export function fenceOff(
  managed: readonly ManagedUnit[],
  fenced: ReadonlySet<string>,
  membership: Membership,
): UnitAction[] {
  if (membership !== 'lost') return [];
  const reason = 'this machine has lost its lease and the unit has Fence=stop';
  return managed.flatMap((unit) =>
    fenced.has(unit.name) && !isDown(unit) ? { type: 'stop', unit: unit.name, reason } : [],
  );
}
