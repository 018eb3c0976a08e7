import type { FlotillaOptions, MetadataCondition } from '../model/flotilla-options.ts';
import { metadataValue } from '../model/machine.ts';
import type { Requirements } from '../unit/requirements.ts';
import type { Board } from './board.ts';
import { matchesMachineId, meets, missingMetadata } from './match.ts';
import type { PeerReason } from './peers.ts';
import type { WantedUnit } from './snapshot.ts';

/** The machine itself is the wrong one. */
export type MachineBlocker =
  | { readonly kind: 'machine-id'; readonly wanted: string }
  | { readonly kind: 'metadata'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'condition'; readonly condition: MetadataCondition; readonly found: string | undefined };

/** A unit that must be there is not. */
export interface PeerBlocker {
  readonly kind: 'machine-of';
  readonly peer: string;
  readonly because: PeerReason;
}

/** A unit that is there excludes this one, or is excluded by it. */
export interface ConflictBlocker {
  readonly kind: 'conflict';
  readonly unit: string;
}

/** Instances of the unit's template that are there leave no room for another. */
export interface LimitBlocker {
  readonly kind: 'max-per-machine';
  readonly limit: number;
  readonly template: string;
}

/** A unit that is there takes the place of this one. */
export interface ReplacedBlocker {
  readonly kind: 'replaced';
  readonly by: string;
}

/** The machine takes nothing new. */
export interface ClosedBlocker {
  readonly kind: 'cordoned' | 'draining';
}

/** A unit that would have to make room for this one can't be moved now. */
export interface UntouchableBlocker {
  readonly kind: 'untouchable';
  readonly unit: string;
}

/** Why a unit can't be on a machine. */
export type Blocker =
  | MachineBlocker
  | PeerBlocker
  | LimitBlocker
  | ConflictBlocker
  | ReplacedBlocker
  | ClosedBlocker
  | UntouchableBlocker;

type Check = (board: Board, unit: number, machine: number) => Blocker | undefined;

/** What ends a stay as well, in fleet's order. */
const lasting: readonly Check[] = [
  machineBlocker,
  peerBlocker,
  conflictBlocker,
  limitBlocker,
  replacedBlocker,
];

/** In the order in which they are told, wherever a machine is asked. `isFree` is the same without words. */
const onArrival: readonly Check[] = [
  ...lasting,
  (board, _, machine) => closedBlocker(board, machine),
  untouchableBlocker,
];

function first(checks: readonly Check[], board: Board, unit: number, machine: number): Blocker | undefined {
  for (const check of checks) {
    const blocker = check(board, unit, machine);
    if (blocker !== undefined) return blocker;
  }
  return undefined;
}

/**
 * The first thing in the way of a unit on a machine. A unit that is there is not in its own way.
 * That a machine takes nothing new is left out: what it has may stay. See `arrivalBlocker`.
 */
export function blockerOf(board: Board, unit: number, machine: number): Blocker | undefined {
  return first(lasting, board, unit, machine);
}

/** The first thing in the way of a unit that is not on the machine yet. */
export function arrivalBlocker(board: Board, unit: number, machine: number): Blocker | undefined {
  return first(onArrival, board, unit, machine);
}

function closedBlocker({ marks }: Board, machine: number): ClosedBlocker | undefined {
  if (!marks.closed.has(machine)) return undefined;
  return { kind: marks.draining.has(machine) ? 'draining' : 'cordoned' };
}

/**
 * All that `machineBlocker` looks at of a unit, so that units that are alike in it can share its answers; undefined
 * when there is no such unit.
 */
export function machineNeeds(
  wanted: WantedUnit | undefined,
): (Pick<Requirements, 'machineId' | 'metadata'> & Pick<FlotillaOptions, 'conditions'>) | undefined {
  if (wanted === undefined) return undefined;
  const { requirements, flotilla } = wanted;
  const { machineId, metadata } = requirements;
  return { ...(machineId !== undefined && { machineId }), metadata, conditions: flotilla.conditions };
}

/** What is wrong with the machine itself, whatever else is on it. */
export function machineBlocker(board: Board, unit: number, machine: number): MachineBlocker | undefined {
  const at = board.machines[machine];
  const needs = machineNeeds(board.relations.units[unit]);
  if (at === undefined || needs === undefined) return undefined;
  const { machineId, metadata, conditions } = needs;
  if (machineId !== undefined && !matchesMachineId(at.id, machineId))
    return { kind: 'machine-id', wanted: machineId };
  const key = missingMetadata(at.metadata, metadata);
  if (key !== undefined) return { kind: 'metadata', key, values: metadata[key] ?? [] };
  const condition = conditions.find((condition) => !meets(at.metadata, condition));
  if (condition === undefined) return undefined;
  return { kind: 'condition', condition, found: metadataValue(at.metadata, condition.key) };
}

/**
 * Whether `arrivalBlocker` finds nothing on a machine that is fit itself and has all peers. Asked for every unit and
 * every machine: direct calls, the cheapest first, and no name is looked for.
 */
export function isFree(board: Board, unit: number, machine: number): boolean {
  return (
    !board.marks.closed.has(machine) &&
    !conflictsOn(board, unit, machine) &&
    limitBlocker(board, unit, machine) === undefined &&
    replacedBlocker(board, unit, machine) === undefined &&
    untouchableBlocker(board, unit, machine) === undefined
  );
}

export function peerBlocker(board: Board, unit: number, machine: number): PeerBlocker | undefined {
  const missing = board.relations.peers[unit]?.find(
    ({ number }) => number === undefined || !board.has(number, machine),
  );
  return missing && { kind: 'machine-of', peer: missing.name, because: missing.because };
}

/**
 * `MaxPerMachine=` of this instance and of those that are there: all have to hold. They differ only while a
 * changed template is on its way.
 */
function limitBlocker(board: Board, unit: number, machine: number): LimitBlocker | undefined {
  const { limits, template, units } = board.relations;
  const family = template[unit];
  const known = limits[unit] ?? [];
  if (known.length === 0 || family === undefined) return undefined;
  const own = units[unit]?.flotilla.maxPerMachine;
  const itself = board.has(unit, machine) ? 1 : 0;
  const count = (board.instances(family)?.[machine] ?? 0) - itself + 1;
  for (const limit of known) {
    const holders = board.limiting(family, limit, machine) - (own === limit ? itself : 0);
    if (count > limit && (own === limit || holders > 0))
      return { kind: 'max-per-machine', limit, template: family };
  }
  return undefined;
}

/**
 * By counting: units there that this one's globs match, and units there whose globs match this one, itself left
 * out. Asked for every unit and every machine, hence the plain loops.
 */
export function conflictsOn(board: Board, unit: number, machine: number): boolean {
  const own = board.relations.conflicts.named[unit] ?? [];
  const others = board.relations.conflicts.matching[unit] ?? [];
  const there = board.has(unit, machine);
  for (const glob of own) {
    if (board.matchedBy(glob, machine) > (there && others.includes(glob) ? 1 : 0)) return true;
  }
  for (const glob of others) {
    if (board.naming(glob, machine) > (there && own.includes(glob) ? 1 : 0)) return true;
  }
  return false;
}

function conflictBlocker(board: Board, unit: number, machine: number): ConflictBlocker | undefined {
  if (!conflictsOn(board, unit, machine)) return undefined;
  const { conflicts, units } = board.relations;
  const excludes = (a: number, b: number) =>
    conflicts.named[a]?.some((glob) => conflicts.matching[b]?.includes(glob));
  const other = lowest(
    board.unitsOn(machine),
    (it) => it !== unit && Boolean(excludes(unit, it) || excludes(it, unit)),
  );
  return { kind: 'conflict', unit: units[other ?? unit]?.name ?? '' };
}

export function replacedBlocker(board: Board, unit: number, machine: number): ReplacedBlocker | undefined {
  const { replacers, units } = board.relations;
  const by = replacers[unit];
  if (by === undefined || by.size === 0) return undefined;
  const other = lowest(board.unitsOn(machine), (it) => by.has(it));
  return other === undefined ? undefined : { kind: 'replaced', by: units[other]?.name ?? '' };
}

function untouchableBlocker(board: Board, unit: number, machine: number): UntouchableBlocker | undefined {
  const { untouchable } = board.marks;
  if (untouchable.size === 0) return undefined;
  const other = replacedOn(board, unit, machine).find((it) => untouchable.has(it));
  return other === undefined
    ? undefined
    : { kind: 'untouchable', unit: board.relations.units[other]?.name ?? '' };
}

/** Units are numbered by name, so the lowest is the same whatever the order they came in. */
function lowest(units: ReadonlySet<number>, test: (unit: number) => boolean): number | undefined {
  let found: number | undefined;
  for (const unit of units) if ((found === undefined || unit < found) && test(unit)) found = unit;
  return found;
}

/** Units on the machine that would have to make room if this one came there. */
export function replacedOn(board: Board, unit: number, machine: number): number[] {
  const { replacers, units } = board.relations;
  if (units[unit]?.requirements.replaces.length === 0) return [];
  return [...board.unitsOn(machine)].filter((other) => replacers[other]?.has(unit)).sort((a, b) => a - b);
}
