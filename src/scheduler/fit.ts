import type { MetadataCondition } from '../model/flotilla-options.ts';
import { metadataValue } from '../model/machine.ts';
import type { Board } from './board.ts';
import { matchesMachineId, meets, missingMetadata } from './match.ts';
import type { PeerReason } from './peers.ts';

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
  | ClosedBlocker
  | ReplacedBlocker
  | UntouchableBlocker
  | { readonly kind: 'conflict'; readonly unit: string };

/**
 * The first thing in the way of a unit on a machine, in fleet's order. A unit that is there is not in its own way.
 * That a machine takes nothing new is left out: what it has may stay. See `arrivalBlocker`.
 */
export function blockerOf(board: Board, unit: number, machine: number): Blocker | undefined {
  return (
    machineBlocker(board, unit, machine) ??
    peerBlocker(board, unit, machine) ??
    (conflictsOn(board, unit, machine) ? conflictBlocker(board, unit, machine) : undefined) ??
    limitBlocker(board, unit, machine) ??
    replacedBlocker(board, unit, machine)
  );
}

/** The first thing in the way of a unit that is not on the machine yet. */
export function arrivalBlocker(board: Board, unit: number, machine: number): Blocker | undefined {
  return (
    blockerOf(board, unit, machine) ??
    closedBlocker(board, machine) ??
    untouchableBlocker(board, unit, machine)
  );
}

export function closedBlocker({ marks }: Board, machine: number): ClosedBlocker | undefined {
  if (!marks.closed.has(machine)) return undefined;
  return { kind: marks.draining.has(machine) ? 'draining' : 'cordoned' };
}

/** What is wrong with the machine itself, whatever else is on it. */
export function machineBlocker(board: Board, unit: number, machine: number): MachineBlocker | undefined {
  const at = board.machines[machine];
  const wanted = board.relations.units[unit];
  if (at === undefined || wanted === undefined) return undefined;
  const { machineId, metadata } = wanted.requirements;
  if (machineId !== undefined && !matchesMachineId(at.id, machineId))
    return { kind: 'machine-id', wanted: machineId };
  const key = missingMetadata(at.metadata, metadata);
  if (key !== undefined) return { kind: 'metadata', key, values: metadata[key] ?? [] };
  const condition = wanted.flotilla.conditions.find((condition) => !meets(at.metadata, condition));
  if (condition === undefined) return undefined;
  return { kind: 'condition', condition, found: metadataValue(at.metadata, condition.key) };
}

/** The same answer as `arrivalBlocker`, but quick, for a machine that is fit itself and has all peers. */
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
export function limitBlocker(board: Board, unit: number, machine: number): LimitBlocker | undefined {
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

function conflictBlocker(board: Board, unit: number, machine: number): Blocker {
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
