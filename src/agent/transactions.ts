import type { Decision } from '../scheduler/snapshot.ts';
import { encodePlacement, placementKey } from '../store/keys.ts';
import type { Operation } from '../store/store.ts';
import { inBatches, sizeOf } from '../store/transaction.ts';
import { removalNote, removalNoteSize } from './removal-note.ts';

/**
 * One look's decisions, and what else is to be written, as transactions that the store takes. Each removal is in one
 * transaction with its reason, and `others` come after all decisions: with the last of them if there is room.
 */
export function transactionsOf(
  decisions: readonly Decision[],
  others: readonly Operation[],
): readonly Operation[][] {
  const parts = inBatches(decisions, sizeOfDecision).map((part) => [
    ...removalNote(part),
    ...part.map(operationOf),
  ]);
  const last = parts.pop() ?? [];
  return [...parts, ...inBatches([...last, ...others], sizeOf)];
}

function operationOf(decision: Decision): Operation {
  if (decision.type === 'remove') return { delete: placementKey(decision.machineId, decision.unit) };
  const { placement } = decision;
  return { put: placementKey(placement.machineId, placement.unit), value: encodePlacement(placement) };
}

/** With what it adds to the note. */
function sizeOfDecision(decision: Decision): number {
  return sizeOf(operationOf(decision)) + removalNoteSize(decision);
}
