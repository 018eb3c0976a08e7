import type { Reason } from '../model/reason.ts';
import type { Board } from './board.ts';
import { candidates, type FitMachines } from './choose.ts';
import { listText, metadataText, namesShown, roomText } from './explain.ts';
import {
  blockerOf,
  closedBlocker,
  conflictsOn,
  limitBlocker,
  machineBlocker,
  peerBlocker,
  replacedOn,
} from './fit.ts';
import { conditionText } from './match.ts';
import type { Group } from './moves.ts';

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
    const { units, conflicts, replacers, peers, template, limits } = this.#board.relations;
    const { requirements, flotilla } = units[unit] ?? {};
    const key = JSON.stringify([
      ...[requirements?.machineId, requirements?.metadata, flotilla?.conditions, peers[unit]],
      ...[conflicts.named[unit], conflicts.matching[unit], [...(replacers[unit] ?? [])]],
      ...(limits[unit]?.length === 0 ? [] : [template[unit], flotilla?.maxPerMachine]),
    ]);
    const reason = this.#known.get(key) ?? explainLacks(this.#board, this.#fit, unit);
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
  const missing = peers[unit]?.find(
    ({ number }) => number === undefined || board.machinesOf(number).size === 0,
  );
  if (missing === undefined) return undefined;
  const lack = missing.number === undefined ? 'is not an active unit' : 'no machine has';
  return `must be with ${missing.name} (${missing.because}), which ${lack}`;
}

/** What each machine lacks, machines with the same lack together; all machines, or all but the one it is on. */
function explainLacks(board: Board, fit: FitMachines, unit: number, from?: number): Reason {
  const near = candidates(board, fit, unit).filter((machine) => machine !== from);
  const { peers, units } = board.relations;
  // A unit bound to certain machines is explained by those: that all others are the wrong ones helps nobody.
  const bound =
    near.length > 0 && (units[unit]?.requirements.machineId !== undefined || peers[unit]?.length !== 0);
  const asked = bound ? near : [...board.machines.keys()].filter((machine) => machine !== from);
  const nobody = from === undefined ? 'no machine' : 'no other machine';
  const groups = new Map<string, number[]>();
  for (const machine of asked) {
    const lack = lackOf(board, unit, machine);
    const group = groups.get(lack);
    if (group === undefined) groups.set(lack, [machine]);
    else group.push(machine);
  }
  return [...groups]
    .map(([lack, machines]) =>
      machines.length === asked.length && isThing(lack)
        ? `${nobody} has ${lack}`
        : groupText(board, unit, lack, machines),
    )
    .join('; ');
}

/** Why units that should leave their machine do not: what the other machines say to the one, or to them together. */
export function explainStay(board: Board, fit: FitMachines, { units, from }: Group): Reason {
  const [unit = -1] = units;
  const untouchable = units.find((it) => board.marks.untouchable.has(it));
  if (untouchable !== undefined)
    return `nothing can be decided now about ${board.relations.units[untouchable]?.name}`;
  if (board.machines.length === 1) return 'there is no other machine';
  if (units.length === 1) return explainLacks(board, fit, unit, from);
  const names = units.map((it) => board.relations.units[it]?.name ?? '').sort();
  return `no other machine takes ${listText(names)} together`;
}

/** Kinds whose text differs from machine to machine: only the few that are shown are worked out. */
const perMachine: Readonly<Record<string, string>> = {
  conflict: 'conflicts with',
  replaced: 'replaced by',
  displaced: 'would push away',
};

/** Kinds that say what a machine is, not what it has not. */
const states: ReadonlySet<string> = new Set(['cordoned', 'draining', 'where it failed']);

/** What a machine lacks, the same text for machines that lack the same; for conflicts only the kind. */
function lackOf(board: Board, unit: number, machine: number): string {
  const blocker =
    machineBlocker(board, unit, machine) ??
    peerBlocker(board, unit, machine) ??
    closedBlocker(board, machine);
  switch (blocker?.kind) {
    case 'machine-id':
      return `id ${blocker.wanted}`;
    case 'metadata':
      return `metadata ${metadataText(blocker)}`;
    case 'condition':
      return `metadata ${conditionText(blocker.condition)}`;
    case 'machine-of':
      return `unit ${blocker.peer} (${blocker.because})`;
    case 'cordoned':
    case 'draining':
      return blocker.kind;
    case undefined:
      return lackOfRoom(board, unit, machine);
  }
}

function lackOfRoom(board: Board, unit: number, machine: number): string {
  if (conflictsOn(board, unit, machine)) return 'conflict';
  const limit = limitBlocker(board, unit, machine);
  if (limit !== undefined) return roomText(limit);
  if (blockerOf(board, unit, machine) !== undefined) return 'replaced';
  return board.marks.avoided.get(unit)?.has(machine) ? 'where it failed' : 'displaced';
}

function groupText(board: Board, unit: number, lack: string, machines: readonly number[]): string {
  const verb = perMachine[lack];
  const shown = machines.slice(0, namesShown).map((machine) => {
    const name = board.machines[machine]?.name ?? '';
    return verb === undefined ? name : `${otherUnit(board, unit, machine)} on ${name}`;
  });
  const more = machines.length > shown.length ? ` and ${machines.length - shown.length} more` : '';
  const list = `${shown.join(', ')}${more}`;
  if (states.has(lack)) return `${list} ${machines.length === 1 ? 'is' : 'are'} ${lack}`;
  return verb === undefined ? `no ${lack} on ${list}` : `${verb} ${list}`;
}

/** Whether a lack is of something a machine could have. */
function isThing(lack: string): boolean {
  return perMachine[lack] === undefined && !states.has(lack);
}

function otherUnit(board: Board, unit: number, machine: number): string {
  const blocker = blockerOf(board, unit, machine);
  if (blocker?.kind === 'conflict') return blocker.unit;
  if (blocker?.kind === 'replaced') return blocker.by;
  return board.relations.units[replacedOn(board, unit, machine)[0] ?? -1]?.name ?? '';
}
