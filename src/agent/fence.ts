import type { SystemdState } from '../model/status.ts';
import type { Lease } from '../store/store.ts';
import type { UnitNeeds } from '../unit/needs.ts';
import type { UnitAction } from './reconcile.ts';
import type { ManagedUnit } from './systemd.ts';

/**
 * Seconds; when a unit with `Fence=stop` is surely down on a machine that is cut off. With s the moment the last
 * renewal that succeeded was sent and T the lease's lifetime, in true time:
 *
 *     s + T               the machine counts its lease as lost and stops its fenced units
 *     s + T + kill        what still runs of them is killed
 *     s + T + missing     the engine may decide for another machine, at the earliest (`graceSeconds.missing`)
 *
 * since etcd, which got the renewal after s, does not end the lease before s + T. What is left between the last two
 * is for clocks that run apart and for a machine that is slow to kill (docs/decisions/0016-fencing.md).
 */
export const fenceSeconds = { kill: 1.5 } as const;

/**
 * Whether this machine may run what must not run twice. `unknown` is an agent that has started and had no lease
 * yet: what an earlier agent left running runs on, for as long as that one's lease lasted, which the guard knows.
 */
export type Membership = 'unknown' | 'member' | 'lost';

/** Whether nothing of the unit runs. */
export function isDown({ active }: Pick<SystemdState, 'active'>): boolean {
  return active === 'inactive' || active === 'failed';
}

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
