import type { Board } from './board.ts';
import { matchesMachineId, missingMetadata } from './match.ts';

/** The machine itself is the wrong one. */
export type MachineBlocker =
  | { readonly kind: 'machine-id'; readonly wanted: string }
  | { readonly kind: 'metadata'; readonly key: string; readonly values: readonly string[] };

/** A unit that must be there is not. */
export interface PeerBlocker {
  readonly kind: 'machine-of';
  readonly peer: string;
}

/** Why a unit can't be on a machine. */
export type Blocker =
  | MachineBlocker
  | PeerBlocker
  | { readonly kind: 'conflict'; readonly unit: string }
  | { readonly kind: 'replaced'; readonly by: string };

/** The first thing in the way of a unit on a machine, in fleet's order. A unit that is there is not in its own way. */
export function blockerOf(board: Board, unit: number, machine: number): Blocker | undefined {
  return (
    machineBlocker(board, unit, machine) ??
    peerBlocker(board, unit, machine) ??
    (conflictsOn(board, unit, machine) ? conflictBlocker(board, unit, machine) : undefined) ??
    replacedBlocker(board, unit, machine)
  );
}

/** What is wrong with the machine itself, whatever else is on it. */
export function machineBlocker(board: Board, unit: number, machine: number): MachineBlocker | undefined {
  const at = board.machines[machine];
  const requirements = board.relations.units[unit]?.requirements;
  if (at === undefined || requirements === undefined) return undefined;
  const { machineId, metadata } = requirements;
  if (machineId !== undefined && !matchesMachineId(at.id, machineId))
    return { kind: 'machine-id', wanted: machineId };
  const key = missingMetadata(at.metadata, metadata);
  return key === undefined ? undefined : { kind: 'metadata', key, values: metadata[key] ?? [] };
}

/** The same answer as `blockerOf`, but quick, for a machine that is fit itself and has all peers. */
export function isFree(board: Board, unit: number, machine: number): boolean {
  return !conflictsOn(board, unit, machine) && replacedBlocker(board, unit, machine) === undefined;
}

export function peerBlocker(board: Board, unit: number, machine: number): PeerBlocker | undefined {
  const { peers, units } = board.relations;
  const missing = peers[unit]?.findIndex((peer) => peer === undefined || !board.has(peer, machine)) ?? -1;
  if (missing === -1) return undefined;
  return { kind: 'machine-of', peer: units[unit]?.requirements.machineOf[missing] ?? '' };
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
  const meets = (a: number, b: number) =>
    conflicts.named[a]?.some((glob) => conflicts.matching[b]?.includes(glob));
  const other = lowest(
    board.unitsOn(machine),
    (it) => it !== unit && Boolean(meets(unit, it) || meets(it, unit)),
  );
  return { kind: 'conflict', unit: units[other ?? unit]?.name ?? '' };
}

function replacedBlocker(board: Board, unit: number, machine: number): Blocker | undefined {
  const { replacers, units } = board.relations;
  const by = replacers[unit];
  if (by === undefined || by.size === 0) return undefined;
  const other = lowest(board.unitsOn(machine), (it) => by.has(it));
  return other === undefined ? undefined : { kind: 'replaced', by: units[other]?.name ?? '' };
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
