import type { Decision } from '../../scheduler/snapshot.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { leavingKey, statusKey } from '../../store/keys.ts';
import type { Operation } from '../../store/store.ts';
import type { FactsOf } from './unit-facts.ts';

/**
 * Milliseconds for which a machine must have said nothing of a unit until it surely does not run it: more than any
 * machine takes to notice that a claim has gone, and to believe it (`graceSeconds.missing`).
 */
const silence = 30_000;

/**
 * Who may still run what it has no placement of any more. A machine claims a unit with `Fence=stop` by a word of its
 * own, on which others wait: this tells claims that the engine once allowed from lies. It is written in the
 * transaction that takes the placement, so that whoever has the next one finds it.
 */
export class Leaving {
  /** By key: since when its machine has said nothing of the unit, on the engine's clock. */
  #silentSince: ReadonlyMap<string, number> = new Map();

  /** What is to be written together with a decision. */
  notes({ placements, units }: ClusterState, factsOf: FactsOf): (decision: Decision) => Operation[] {
    const placed = new Map(placements.map((one) => [leavingKey(one.machineId, one.unit), one]));
    const wanted = new Map(units.map((unit) => [unit.name, unit]));
    // What can't be read may be.
    const isFenced = (unit: string, version: { readonly hash: string } | undefined) =>
      version !== undefined && factsOf(unit, version.hash)?.flotilla.fence !== 'keep';
    return (decision) => {
      const { machineId, unit } = decision.type === 'place' ? decision.placement : decision;
      const key = leavingKey(machineId, unit);
      const had = isFenced(unit, placed.get(key));
      // A version that is replaced where it runs may take long to stop. Nobody knows of it any more when the unit is
      // taken away meanwhile, unless it is noted here: its next version has no fence.
      const noted =
        decision.type === 'place'
          ? had && !isFenced(unit, decision.placement)
          : had || isFenced(unit, wanted.get(unit));
      return noted ? [{ put: key, value: '' }] : [];
    };
  }

  /** Takes back what no machine has to wait for any more; `until` is when to look again. */
  look(
    { leaving, placements, revisionOf }: ClusterState,
    now: number,
  ): { readonly operations: readonly Operation[]; readonly until: number } {
    const placed = new Set(placements.map(({ machineId, unit }) => leavingKey(machineId, unit)));
    const silent = leaving.filter(([id, unit]) => revisionOf(statusKey(id, unit)) === 0n);
    const known = this.#silentSince;
    this.#silentSince = new Map(
      silent.map(([id, unit]) => {
        const key = leavingKey(id, unit);
        return [key, known.get(key) ?? now];
      }),
    );
    const waiting = [...this.#silentSince].filter(([key]) => !placed.has(key));
    const over = waiting.flatMap(([key, since]) => (now - since >= silence ? key : []));
    const ends = waiting.flatMap(([, since]) => (now - since >= silence ? [] : since + silence));
    return {
      operations: over.map((key) => ({ delete: key })),
      until: Math.min(Number.POSITIVE_INFINITY, ...ends),
    };
  }
}
