import { compare } from '../model/compare.ts';
import type { Arrangement } from './arrange.ts';
import type { Decision, Pending, Schedule, Snapshot } from './snapshot.ts';
import { survey } from './survey.ts';

/**
 * Decides which machine runs which unit. Pure and deterministic: the order of the lists in the snapshot plays no
 * part, and ties go to the machine whose name is first, so preview (which knows names but no ids yet) and the
 * engine agree. A placement that is still allowed stays; applying the decisions and asking again gives none, but
 * for a draining machine, whose units leave a few at a time.
 */
export function schedule(snapshot: Snapshot): Schedule {
  const { before, arrangement } = survey(snapshot);
  const decisions = [...before.removals(arrangement), ...before.placements(arrangement)];
  return {
    decisions: decisions.filter((decision) => !snapshot.untouchable?.has(unitOf(decision))),
    pending: pendingUnits(arrangement),
    staying: before.staying(arrangement),
  };
}

function unitOf(decision: Decision): string {
  return decision.type === 'remove' ? decision.unit : decision.placement.unit;
}

function pendingUnits({ pending, board }: Arrangement): Pending[] {
  return [...pending]
    .map(([unit, reason]) => ({ unit: board.relations.units[unit]?.name ?? '', reason }))
    .sort((a, b) => compare(a.unit, b.unit));
}
