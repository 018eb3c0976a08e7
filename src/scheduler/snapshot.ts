import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { Reason } from '../model/reason.ts';
import type { Unit } from '../model/unit.ts';
import type { Requirements } from '../unit/requirements.ts';

/** A unit together with what its `[X-Fleet]` section asks for. */
export interface WantedUnit extends Unit {
  readonly requirements: Requirements;
}

/** All that a decision may depend on. Plain data: the engine, preview and the simulator fill it alike. */
export interface Snapshot {
  /** Machines that can take units now. */
  readonly machines: readonly Machine[];
  readonly units: readonly WantedUnit[];
  /** What was decided before; a placement whose machine is not in `machines` counts as lost. */
  readonly placements: readonly Placement[];
}

export type Decision =
  | { readonly type: 'place'; readonly placement: Placement }
  | {
      readonly type: 'remove';
      readonly unit: string;
      readonly machineId: string;
      readonly reason: Reason;
    };

export interface Pending {
  readonly unit: string;
  readonly reason: Reason;
}

export interface Schedule {
  /** Removals come before placements. Empty when the placements already are as they should be. */
  readonly decisions: readonly Decision[];
  readonly pending: readonly Pending[];
}
