import { isDown, isReady } from '../../model/readiness.ts';
import type { Reason } from '../../model/reason.ts';
import { shortId } from '../../scheduler/match.ts';
import { compileGlob, matchesGlob } from '../../unit/glob.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import { graceSeconds } from '../engine/grace.ts';
import type { Membership } from './fence.ts';
import type { Sighting } from './unit-sightings.ts';

/** Why a unit is not started yet. */
export interface Wait {
  readonly reason: Reason;
  /** When to look again though nothing is heard of, on the agent's clock. */
  readonly until?: number;
}

/** What the start of a unit may have to wait for, as of `now` in milliseconds on the agent's clock. */
export interface Circumstances {
  readonly now: number;
  readonly machineId: string;
  readonly membership: Membership;
  /** Needs of the units that are being stopped here. */
  readonly stopping: ReadonlyMap<string, UnitNeeds>;
  /** Needs of the units whose files are here, or are about to be. */
  readonly needs: ReadonlyMap<string, UnitNeeds>;
  /** What all machines say of a unit that is watched. */
  readonly sightings: (unit: string) => readonly Sighting[];
  /** Whether the engine ever gave the unit to this machine, which may say what it likes. */
  readonly vouched: (machineId: string, unit: string) => boolean;
  /** Whether all machines' words are known up to this machine's own claim of the unit, see `fence`. */
  readonly claimed: (unit: string) => boolean;
  /** What the files of the unit's templates, or its certificate, lack; undefined when all are written. */
  readonly unwritten: (unit: string) => Reason | undefined;
  /** Which image that the unit names is not here, and when to ask again; undefined when all are. */
  readonly lacking: (needs: UnitNeeds) => Wait | undefined;
}

type Rule = (unit: string, needs: UnitNeeds, circumstances: Circumstances) => Wait | undefined;

/** The first that applies is what the user is told. */
const rules: readonly Rule[] = [fence, room, readiness, images, files];

/** Why `unit` can't be started now; undefined when it can. */
export function waitOf(unit: string, circumstances: Circumstances): Wait | undefined {
  const needs = circumstances.needs.get(unit);
  if (needs === undefined) return undefined;
  for (const rule of rules) {
    const wait = rule(unit, needs, circumstances);
    if (wait !== undefined) return wait;
  }
  return undefined;
}

/** The units that somebody must watch for these to be started. */
export function watchedFor(starts: readonly string[], needs: ReadonlyMap<string, UnitNeeds>): Set<string> {
  const watched = starts.flatMap((unit) => {
    const { fence: fenced, afterReady } = needs.get(unit)?.flotilla ?? { fence: 'keep', afterReady: [] };
    return fenced === 'stop' ? [unit, ...afterReady] : afterReady;
  });
  return new Set(watched);
}

/**
 * A unit with `Fence=stop` never runs on two machines at one time. Each machine claims it, by a state under its
 * lease, before it looks who else does: of two that look, the later one sees both claims.
 */
function fence(
  unit: string,
  { flotilla, requirements }: UnitNeeds,
  circumstances: Circumstances,
): Wait | undefined {
  if (flotilla.fence === 'keep') return undefined;
  if (circumstances.membership !== 'member') {
    return { reason: 'waits until this machine is a member of the cluster, since it has Fence=stop' };
  }
  // A global unit is meant to run on many machines: its fence only keeps it off those that are cut off.
  if (requirements.global) return undefined;
  for (const sighting of circumstances.sightings(unit)) {
    if (!circumstances.vouched(sighting.status.machineId, unit)) continue;
    const wait = takeover(sighting, circumstances);
    if (wait !== undefined) return wait;
  }
  if (circumstances.claimed(unit)) return undefined;
  return { reason: 'waits until it is known that no other machine runs it' };
}

/** A claim that vanished may be a machine that was cut off and has a moment left to stop the unit. */
function takeover({ status, goneAt }: Sighting, { machineId, now }: Circumstances): Wait | undefined {
  if (status.machineId === machineId) return undefined;
  const reason = `waits until machine ${shortId(status.machineId)} has stopped it`;
  if (goneAt === undefined) return { reason };
  const until = goneAt + graceSeconds.missing * 1000;
  return isDown(status) || until <= now ? undefined : { reason, until };
}

/** What goes makes room before what comes is started: the scheduler counts on it where units exclude each other. */
function room(unit: string, needs: UnitNeeds, { stopping }: Circumstances): Wait | undefined {
  const rivals = [...stopping].filter(([name, its]) => excludes(needs, name) || excludes(its, unit));
  return rivals.length === 0
    ? undefined
    : { reason: `waits until ${list(rivals.map(([name]) => name))} stopped` };
}

function excludes({ requirements }: UnitNeeds, other: string): boolean {
  const globs = [...requirements.conflicts, ...requirements.replaces];
  return globs.some((glob) => matchesGlob(compileGlob(glob), other));
}

/** The other unit's file is not at hand: its machine has told of its probe, and an end of its is not taken for success. */
const byItsWord = { probe: false, finishes: false };

function readiness(_: string, { flotilla }: UnitNeeds, { sightings }: Circumstances): Wait | undefined {
  const missing = flotilla.afterReady.filter(
    (name) =>
      !sightings(name).some(({ status, goneAt }) => goneAt === undefined && isReady(status, byItsWord)),
  );
  return missing.length === 0 ? undefined : { reason: `waits until ${list(missing)} ready` };
}

function images(_: string, needs: UnitNeeds, { lacking }: Circumstances): Wait | undefined {
  return lacking(needs);
}

/** A program that starts without its configuration fails, or does with another one what nobody wants. */
function files(unit: string, _: UnitNeeds, { unwritten }: Circumstances): Wait | undefined {
  const reason = unwritten(unit);
  return reason === undefined ? undefined : { reason };
}

function list(units: readonly string[]): string {
  return `${units.join(', ')} ${units.length === 1 ? 'is' : 'are'}`;
}
