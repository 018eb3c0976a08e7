import { settledAt } from '../../model/readiness.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { type KnownUnit, launchedPlacements } from './cluster-snapshot.ts';

export interface SettlingLook {
  /** Units that began to work a moment ago and may be down again the next, as one that crashes in a loop is. */
  readonly settling: ReadonlySet<string>;
  /** When the next of them has settled, on the engine's clock; Infinity for none. */
  readonly until: number;
}

/** A launched placement that does its work. */
interface Working {
  /** The version that works: another one begins anew. */
  readonly hash: string;
  readonly since: number;
}

/**
 * Since when instances do their work, so that no drain takes one while another has only just started. In the leader's
 * memory only: whoever works at a new leader's first look counts as settled.
 */
export class Settling {
  #working: ReadonlyMap<string, Working> | undefined;

  /** `now` in milliseconds of the engine's clock. */
  look(cluster: ClusterState, units: readonly KnownUnit[], now: number): SettlingLook {
    const before = this.#working;
    const working = new Map<string, Working>();
    const settling = new Set<string>();
    let until = Number.POSITIVE_INFINITY;
    for (const { placement, pair, expects, works } of launchedPlacements(cluster, units)) {
      if (!works) continue;
      const { hash } = placement;
      const known = before?.get(pair);
      const since = known?.hash === hash ? known.since : before ? now : Number.NEGATIVE_INFINITY;
      working.set(pair, { hash, since });
      const settled = settledAt(since, expects);
      if (settled <= now) continue;
      settling.add(placement.unit);
      until = Math.min(until, settled);
    }
    this.#working = working;
    return { settling, until };
  }
}
