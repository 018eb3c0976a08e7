import type { Decision } from '../../scheduler/snapshot.ts';
import { encodeRemovals, removalsKey } from '../../store/keys.ts';
import type { Operation } from '../../store/store.ts';

/**
 * Writes down why units leave their machines, for whoever follows the cluster's events: one write in a transaction
 * that is made anyway. It must come first in it, since changes are told in the order of operations.
 */
export function removalNote(decisions: readonly Decision[]): Operation[] {
  const byReason = new Map<string, [machineId: string, unit: string][]>();
  for (const decision of decisions) {
    if (decision.type !== 'remove') continue;
    const pairs = byReason.get(decision.reason) ?? [];
    pairs.push([decision.machineId, decision.unit]);
    byReason.set(decision.reason, pairs);
  }
  if (byReason.size === 0) return [];
  return [{ put: removalsKey, value: encodeRemovals(Object.fromEntries(byReason)) }];
}
