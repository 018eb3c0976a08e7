import type { Decision } from '../../scheduler/snapshot.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import type { Operation } from '../../store/store.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';

/** What the engine sees at one look at the cluster. */
export interface Look {
  /** Milliseconds on the engine's clock. */
  readonly now: number;
  readonly cluster: ClusterState;
  readonly snapshot: ClusterSnapshot;
}

/** What one look leads to, while it is being worked out. */
export interface Draft {
  readonly decisions: readonly Decision[];
  /** Other keys that are written together with the decisions; none of them a placement's. */
  readonly operations: readonly Operation[];
  /** When to look again on the engine's clock, should nothing change until then; Infinity for no such moment. */
  readonly until: number;
}
