import type { Reason } from '../model/reason.ts';
import type { Before } from './before.ts';
import type { Board } from './board.ts';
import { Budget } from './budget.ts';
import { FitMachines } from './choose.ts';
import { loadText } from './explain-choice.ts';
import { type Group, groupOf, tryMove } from './moves.ts';
import type { Decision, Snapshot } from './snapshot.ts';
import { survey } from './survey.ts';

/**
 * Moves at most `maxMoves` units from the fullest machines to the emptiest, the ones first that even the load out
 * most. Never breaks a constraint, pushes no unit away, and worsens no spread of a template's instances. Each move
 * leaves the fuller of its two machines less full than it was, so the distance between the fullest and the emptiest
 * never grows. Machines that are cordoned or draining play no part; units that wait for a decision of `schedule` stay.
 */
export function rebalance(snapshot: Snapshot, maxMoves: number): Decision[] {
  const { before, arrangement } = survey(snapshot);
  return new Rebalance(arrangement.board, before).run(maxMoves);
}

class Rebalance {
  readonly #board: Board;
  readonly #before: Before;
  readonly #fit: FitMachines;
  readonly #budget: Budget;
  readonly #moved = new Set<number>();
  readonly #removals: Decision[] = [];
  readonly #placements: Decision[] = [];

  constructor(board: Board, before: Before) {
    this.#board = board;
    this.#before = before;
    this.#fit = new FitMachines(board);
    this.#budget = new Budget(board);
  }

  run(maxMoves: number): Decision[] {
    const open = [...this.#board.machines.keys()].filter((machine) => !this.#board.marks.closed.has(machine));
    // A machine that nothing could leave is not asked again: what the later moves change is seldom about it.
    const stuck = new Set<number>();
    while (this.#moved.size < maxMoves) {
      const fullest = first(
        open.filter((machine) => !stuck.has(machine)),
        (a, b) => this.#load(b) - this.#load(a) || a - b,
      );
      const least = Math.min(...open.map((machine) => this.#load(machine)));
      if (fullest === undefined || this.#load(fullest) <= least) break;
      if (!this.#relieve(fullest, least, maxMoves - this.#moved.size)) stuck.add(fullest);
    }
    return [...this.#removals, ...this.#placements];
  }

  #load(machine: number): number {
    return this.#board.load[machine] ?? 0;
  }

  /** Takes one group off the machine. */
  #relieve(machine: number, least: number, most: number): boolean {
    const gap = this.#load(machine) - least;
    const gain = (group: Group) =>
      Math.min(this.#weight(group), gap - this.#weight(group)) / group.units.length;
    const groups = this.#groupsOn(machine).filter((group) => group.units.length <= most && gain(group) > 0);
    groups.sort((a, b) => gain(b) - gain(a));
    return groups.some((group) => this.#move(group));
  }

  #weight({ units }: Group): number {
    return units.reduce((sum, unit) => sum + (this.#board.relations.units[unit]?.flotilla.weight ?? 1), 0);
  }

  /** Groups that may move: what is placed as it shall be, and not moved already. In the order of their names. */
  #groupsOn(machine: number): Group[] {
    const { units } = this.#board.relations;
    const seen = new Set<number>();
    const groups: Group[] = [];
    for (const unit of [...this.#board.unitsOn(machine)].sort((a, b) => a - b)) {
      if (seen.has(unit) || units[unit]?.requirements.global) continue;
      const group = groupOf(this.#board, unit, machine);
      for (const member of group.units) seen.add(member);
      if (group.units.every((member) => this.#isSettled(member, machine))) groups.push(group);
    }
    return groups;
  }

  #isSettled(unit: number, machine: number): boolean {
    const placement = this.#before.placementOf(unit, machine);
    const wanted = this.#board.relations.units[unit];
    const same = placement?.hash === wanted?.hash && placement?.targetState === wanted?.targetState;
    return placement !== undefined && same && !this.#moved.has(unit);
  }

  #move(group: Group): boolean {
    if (this.#budget.blocks(group.units) !== undefined) return false;
    const board = this.#board;
    const weight = this.#weight(group);
    const full = this.#load(group.from);
    const reason = `more even load: ${board.machines[group.from]?.name} has ${loadText(board, group.from)}`;
    const spreads = this.#spreads(group);
    const move = tryMove(board, this.#fit, group, {
      allowed: (machine) => this.#load(machine) + weight < full && spreads(machine),
      compare: (a, b) => this.#load(a) - this.#load(b) || a - b,
    });
    if (move === undefined) return false;
    this.#budget.take(group.units);
    group.units.forEach((unit, place) => {
      this.#decide(unit, group.from, move.to, reason, move.reasons[place] ?? '');
    });
    return true;
  }

  /** Whether a machine (and its value of the `Spread=` key) would have no more instances than the old one had. */
  #spreads({ units, from }: Group): (machine: number) => boolean {
    const board = this.#board;
    const limits = units.flatMap((unit) => {
      const instances = board.instances(board.relations.template[unit] ?? '');
      if (instances === undefined) return [];
      const spreading = board.spreadingOf(unit);
      const [there = 0, count = 0] = [instances[from], spreading?.countAt(from)];
      return [
        (machine: number) =>
          (instances[machine] ?? 0) < there &&
          (spreading === undefined ||
            spreading.sameValue(machine, from) ||
            spreading.countAt(machine) < count),
      ];
    });
    // The limits are taken before the move: by the time a machine is tried the group is off its old one.
    return (machine) => limits.every((limit) => limit(machine));
  }

  #decide(unit: number, from: number, to: number, reason: Reason, choice: Reason): void {
    const { machines, relations } = this.#board;
    const wanted = relations.units[unit];
    const [oldId, newId] = [machines[from]?.id, machines[to]?.id];
    if (wanted === undefined || oldId === undefined || newId === undefined) return;
    const { name, hash, targetState } = wanted;
    this.#moved.add(unit);
    this.#removals.push({ type: 'remove', unit: name, machineId: oldId, reason });
    const placement = { unit: name, machineId: newId, hash, targetState, reason: `${reason}; ${choice}` };
    this.#placements.push({ type: 'place', placement });
  }
}

function first(items: readonly number[], compare: (a: number, b: number) => number): number | undefined {
  return [...items].sort(compare)[0];
}
