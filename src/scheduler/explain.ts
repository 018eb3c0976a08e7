import type { Reason } from '../model/reason.ts';
import type { Board } from './board.ts';
import { candidates, type FitMachines } from './choose.ts';
import { type Blocker, blockerOf, conflictsOn, machineBlocker, peerBlocker } from './fit.ts';

/** More names than this make a reason longer than a line; the rest are counted. */
const namesShown = 3;

/** Why a unit can't stay where it is. */
export function explainBlocker(blocker: Blocker, machine: string): Reason {
  switch (blocker.kind) {
    case 'machine-id':
      return `MachineID=${blocker.wanted} is not ${machine}`;
    case 'metadata':
      return `${machine} has no metadata ${metadataText(blocker)}`;
    case 'machine-of':
      return `${blocker.peer} is not on ${machine} (MachineOf)`;
    case 'conflict':
      return `conflicts with ${blocker.unit} on ${machine}`;
    case 'replaced':
      return `replaced by ${blocker.by} on ${machine}`;
  }
}

/** Why a machine was chosen; `load` and `instances` as they were before the unit came. */
export function explainChoice(board: Board, unit: number, machine: number): Reason {
  const { units, template } = board.relations;
  const { machineId, machineOf = [] } = units[unit]?.requirements ?? {};
  if (machineId !== undefined) return `MachineID=${machineId}`;
  if (machineOf.length > 0) return `with ${listText(machineOf)} (MachineOf)`;
  const load = board.load[machine] ?? 0;
  const least = `least loaded (${load} ${load === 1 ? 'unit' : 'units'})`;
  const family = template[unit];
  if (family === undefined) return least;
  return `fewest instances of ${family} (${board.instances(family)?.[machine] ?? 0}), ${least}`;
}

/**
 * Why no machine takes a unit, compact: what each machine lacked, machines with the same lack together. For a board
 * that changes no more: the answer is kept for units that ask for the same, as a thousand instances do.
 */
export class PendingReasons {
  readonly #board: Board;
  readonly #fit: FitMachines;
  readonly #known = new Map<string, Reason>();

  constructor(board: Board, fit: FitMachines) {
    this.#board = board;
    this.#fit = fit;
  }

  of(unit: number): Reason {
    if (this.#board.machines.length === 0) return 'no machine is up';
    return explainPeers(this.#board, unit) ?? this.#explain(unit);
  }

  #explain(unit: number): Reason {
    const { units, conflicts, replacers } = this.#board.relations;
    const { machineId, machineOf, metadata } = units[unit]?.requirements ?? {};
    const globs = [conflicts.named[unit], conflicts.matching[unit]];
    const key = JSON.stringify([machineId, machineOf, metadata, globs, [...(replacers[unit] ?? [])]]);
    const reason = this.#known.get(key) ?? explainMachines(this.#board, this.#fit, unit);
    this.#known.set(key, reason);
    return reason;
  }
}

function explainPeers(board: Board, unit: number): Reason | undefined {
  const { peers, units, circles } = board.relations;
  const circle = circles.get(unit);
  if (circle !== undefined) {
    return `MachineOf leads in a circle: ${listText(circle.map((it) => units[it]?.name ?? '').sort())}`;
  }
  const names = units[unit]?.requirements.machineOf ?? [];
  const missing =
    peers[unit]?.findIndex((peer) => peer === undefined || board.machinesOf(peer).size === 0) ?? -1;
  if (missing === -1) return undefined;
  const known = peers[unit]?.[missing] !== undefined;
  return `must be with ${names[missing]} (MachineOf), which ${known ? 'no machine has' : 'is not an active unit'}`;
}

function explainMachines(board: Board, fit: FitMachines, unit: number): Reason {
  const near = candidates(board, fit, unit);
  const { machineId, machineOf = [] } = board.relations.units[unit]?.requirements ?? {};
  // A unit bound to certain machines is explained by those: that all others are the wrong ones helps nobody.
  const bound = near.length > 0 && (machineId !== undefined || machineOf.length > 0);
  const asked = bound ? near : board.machines.map((_, machine) => machine);
  const groups = new Map<string, number[]>();
  for (const machine of asked) {
    const lack = lackOf(board, unit, machine);
    const group = groups.get(lack);
    if (group === undefined) groups.set(lack, [machine]);
    else group.push(machine);
  }
  return [...groups]
    .map(([lack, machines]) => groupText(board, unit, lack, machines, asked.length))
    .join('; ');
}

/** Kinds whose text differs from machine to machine: only the few that are shown are worked out. */
const perMachine: Readonly<Record<string, string>> = { conflict: 'conflicts with', replaced: 'replaced by' };

/** What a machine lacks, the same text for machines that lack the same; for conflicts only the kind. */
function lackOf(board: Board, unit: number, machine: number): string {
  const blocker = machineBlocker(board, unit, machine) ?? peerBlocker(board, unit, machine);
  if (blocker === undefined) return conflictsOn(board, unit, machine) ? 'conflict' : 'replaced';
  if (blocker.kind === 'metadata') return `metadata ${metadataText(blocker)}`;
  return blocker.kind === 'machine-id' ? `id ${blocker.wanted}` : `unit ${blocker.peer} (MachineOf)`;
}

function groupText(
  board: Board,
  unit: number,
  lack: string,
  machines: readonly number[],
  asked: number,
): string {
  const verb = perMachine[lack];
  if (verb === undefined && machines.length === asked) return `no machine has ${lack}`;
  const shown = machines.slice(0, namesShown).map((machine) => {
    const name = board.machines[machine]?.name ?? '';
    return verb === undefined ? name : `${otherUnit(blockerOf(board, unit, machine))} on ${name}`;
  });
  const more = machines.length > shown.length ? ` and ${machines.length - shown.length} more` : '';
  return verb === undefined
    ? `no ${lack} on ${shown.join(', ')}${more}`
    : `${verb} ${shown.join(', ')}${more}`;
}

function otherUnit(blocker: Blocker | undefined): string {
  if (blocker?.kind === 'conflict') return blocker.unit;
  return blocker?.kind === 'replaced' ? blocker.by : '';
}

function metadataText({ key, values }: Extract<Blocker, { kind: 'metadata' }>): string {
  return values.map((value) => `${key}=${value}`).join(' or ');
}

function listText(names: readonly string[]): string {
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
  return `${names.slice(0, namesShown).join(', ')}${more}`;
}
