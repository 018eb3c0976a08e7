import type { Decision } from '../../scheduler/snapshot.ts';
import { encodePlacement, placementKey } from '../../store/keys.ts';
import type { Operation } from '../../store/store.ts';
import { inBatches, operationsInBatches } from '../../store/transaction.ts';
import { removalNote } from './removal-note.ts';

/**
 * One look's decisions, and what else is to be written, as transactions that the store takes. Each removal is in one
 * transaction with its reason and with what `beside` says, and `others` come after all decisions: with the last of
 * them if there is room.
 */
export function transactionsOf(
  decisions: readonly Decision[],
  others: readonly Operation[],
  beside: (decision: Decision) => readonly Operation[] = () => [],
): readonly Operation[][] {
  const write = (decision: Decision) => [...beside(decision), operationOf(decision)];
  const parts = inBatches(decisions, (decision) => [...removalNote([decision]), ...write(decision)]);
  const transactions = parts.map((part) => [...removalNote(part), ...part.flatMap(write)]);
  const last = transactions.pop() ?? [];
  return [...transactions, ...operationsInBatches([...last, ...others])];
}

function operationOf(decision: Decision): Operation {
  if (decision.type === 'remove') return { delete: placementKey(decision.machineId, decision.unit) };
  const { placement } = decision;
  return { put: placementKey(placement.machineId, placement.unit), value: encodePlacement(placement) };
}
