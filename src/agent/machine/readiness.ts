import type { Readiness } from '../../model/flotilla-options.ts';
import { patientPause } from '../../model/patient-pause.ts';

/** What one look of a probe found. `detail` is a clause for the user: "port 5432 accepts no connection". */
export interface Finding {
  readonly ok: boolean;
  readonly detail: string;
}

/** What is known of an active unit's readiness. Times are milliseconds on the agent's clock. */
export interface ReadyState {
  /** What others are told. */
  readonly told: Finding;
  readonly toldAt: number;
  /** When probing began. */
  readonly since: number;
  /** Looks in a row that failed. */
  readonly failures: number;
  /** Whether a look has succeeded since probing began. */
  readonly wasReady: boolean;
}

/** Failures in a row that make a ready unit unready: one alone may be a busy moment. */
const failuresToUnready = 2;

/**
 * Milliseconds between looks until the first success, when the unit does not get there later: they are more than usual,
 * since rollouts and people wait for it.
 */
const eagerPause = 1000;

/** Milliseconds between two changes of an unready unit's detail, so that one which alternates is not written each time. */
const detailPeriod = 30_000;

/** A unit that has just become active. */
export function notLookedAt(now: number): ReadyState {
  const told = { ok: false, detail: 'not looked at yet' };
  return { told, toldAt: Number.NEGATIVE_INFINITY, since: now, failures: 0, wasReady: false };
}

/** Whether somebody has heard of a look: the first one is always told. */
export function isLookedAt({ toldAt }: ReadyState): boolean {
  return toldAt !== Number.NEGATIVE_INFINITY;
}

/** The state after a look; `told` is the same object when nobody needs to hear anything. */
export function afterLook(state: ReadyState, found: Finding, now: number): ReadyState {
  const failures = found.ok ? 0 : state.failures + 1;
  const next = { ...state, failures, wasReady: state.wasReady || found.ok };
  return isNews(state, found, failures, now) ? { ...next, told: found, toldAt: now } : next;
}

function isNews({ told, toldAt }: ReadyState, found: Finding, failures: number, now: number): boolean {
  if (told.ok) return !found.ok && failures >= failuresToUnready;
  return found.ok || (found.detail !== told.detail && now - toldAt >= detailPeriod);
}

/** Milliseconds until the next look. */
export function pauseAfter({ wasReady, since }: ReadyState, { interval }: Readiness, now: number): number {
  const usual = interval * 1000;
  return wasReady ? usual : patientPause(now - since, { least: Math.min(eagerPause, usual), most: usual });
}
