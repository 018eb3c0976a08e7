import type { OfferedService } from '../../model/flotilla-options.ts';
import { isReady } from '../../model/readiness.ts';
import type { UnitStatus } from '../../model/status.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { Desired } from './unit-work.ts';

/** Which of a unit's services others may use now. */
export interface Offer {
  readonly services: readonly OfferedService[];
  /** Otherwise nobody can tell at the moment: what others were told stays, and nothing is added. */
  readonly sure: boolean;
}

/** What is known beside the unit itself. */
export interface OfferContext {
  readonly needs: UnitNeeds;
  /** undefined as long as nobody knows what should run here. */
  readonly desired: Desired | undefined;
  /** Whether the machine is giving its units away. */
  readonly draining: boolean;
  /** Whether this agent has looked at the unit since it became active, or need not look. */
  readonly lookedAt: boolean;
}

/** An agent that has just been started knows little: what an earlier one told of units that run on is left alone. */
export function offerOf(unit: ManagedUnit, status: UnitStatus, context: OfferContext): Offer {
  const { needs, desired, lookedAt } = context;
  const { services, readiness } = needs.flotilla;
  if (services.length === 0 || isLeaving(unit, context)) return nothing;
  const { active } = status;
  // A unit that reloads runs on, and it is not asked for anything while it does.
  if (active === 'reloading' || (active === 'active' && !lookedAt)) return { services, sure: false };
  const probe = readiness !== undefined && readiness.probe.kind !== 'notify';
  return isReady(status, { probe, finishes: false }) ? { services, sure: desired !== undefined } : nothing;
}

const nothing: Offer = { services: [], sure: true };

/**
 * Whether the unit as it runs now is about to be stopped. Of a draining machine the engine takes one unit after the
 * other, as `MaxUnavailable=` allows, and each offers its services until then. Only global ones stay to the end: all
 * others have an instance as well, so theirs are not needed from the beginning.
 */
export function isLeaving(
  { name, hash, started }: Pick<ManagedUnit, 'name' | 'hash' | 'started'>,
  { needs, desired, draining }: Pick<OfferContext, 'needs' | 'desired' | 'draining'>,
): boolean {
  if (draining && needs.requirements.global) return true;
  if (desired === undefined || desired.unclear.has(name)) return false;
  const wanted = desired.placements.find(({ unit }) => unit === name);
  if (wanted?.hash !== hash) return true;
  // What is only loaded may be run by another unit, such as its socket.
  return wanted.targetState !== 'launched' && started;
}
