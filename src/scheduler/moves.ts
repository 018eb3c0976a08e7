import type { Reason } from '../model/reason.ts';
import type { Board } from './board.ts';
import { type FitMachines, preference } from './choose.ts';
import { explainChoice } from './explain-choice.ts';
import { arrivalBlocker, replacedOn } from './fit.ts';

/** Units that leave one machine for another together. */
export interface Group {
  /** Peers before those that must be with them. */
  readonly units: readonly number[];
  readonly from: number;
}

/** Units of a machine that are tied together by `MachineOf=` or by what they start, in whichever direction. */
export function groupOf(board: Board, unit: number, from: number): Group {
  const { peers, followers } = board.relations;
  const tied = (it: number) => [
    ...(peers[it] ?? []).flatMap(({ number }) => number ?? []),
    ...(followers[it] ?? []),
  ];
  return { from, units: reach(board, unit, from, tied) };
}

/** A unit with those that must be with it: the least that has to move when the unit does. */
export function followersOf(board: Board, unit: number, from: number): Group {
  const { followers } = board.relations;
  return { from, units: reach(board, unit, from, (it) => followers[it] ?? []) };
}

/** Global units are left out: they do not move, they are where they fit. */
function reach(
  board: Board,
  unit: number,
  from: number,
  next: (unit: number) => readonly number[],
): number[] {
  const { units, rank } = board.relations;
  const found = new Set([unit]);
  for (const it of found) {
    for (const other of next(it)) {
      if (board.has(other, from) && !units[other]?.requirements.global) found.add(other);
    }
  }
  return [...found].sort((a, b) => (rank[a] ?? 0) - (rank[b] ?? 0));
}

export interface Move {
  readonly group: Group;
  readonly to: number;
  /** By unit of the group: why it came to this machine. */
  readonly reasons: readonly Reason[];
}

export interface MoveOptions {
  /** Machines that come into question besides fitting; default: all. */
  readonly allowed?: (machine: number) => boolean;
  /** Which machine to try first; default: what the first unit of the group prefers. */
  readonly compare?: (one: number, other: number) => number;
}

/**
 * Moves a group to the first machine that takes all of it and where it pushes no one away; undefined, with the
 * board as it was, when there is none. A move is made for the better, so it never costs another unit its place.
 */
export function tryMove(
  board: Board,
  fit: FitMachines,
  group: Group,
  { allowed = () => true, compare }: MoveOptions = {},
): Move | undefined {
  const { units, from } = group;
  const [first = -1] = units;
  if (units.some((unit) => board.marks.untouchable.has(unit))) return undefined;
  for (const unit of units) board.remove(unit, from);
  const avoided = units.flatMap((unit) => board.marks.avoided.get(unit) ?? []);
  const open = fit
    .of(first)
    .filter((machine) => machine !== from && allowed(machine) && !avoided.some((set) => set.has(machine)))
    .sort(compare ?? preference(board, first));
  for (const to of open) {
    const reasons = tryPut(board, units, to);
    if (reasons !== undefined) return { group, to, reasons };
  }
  for (const unit of units) board.add(unit, from);
  return undefined;
}

/** Puts all units on a machine, or none. */
function tryPut(board: Board, units: readonly number[], machine: number): Reason[] | undefined {
  const reasons: Reason[] = [];
  for (const unit of units) {
    const fits =
      arrivalBlocker(board, unit, machine) === undefined && replacedOn(board, unit, machine).length === 0;
    if (!fits) {
      for (const added of units.slice(0, reasons.length)) board.remove(added, machine);
      return undefined;
    }
    reasons.push(explainChoice(board, unit, machine));
    board.add(unit, machine);
  }
  return reasons;
}
