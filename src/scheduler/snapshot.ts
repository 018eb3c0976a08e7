import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { Reason } from '../model/reason.ts';
import type { Unit } from '../model/unit.ts';
import type { UnitNeeds } from '../unit/needs.ts';

/** A unit together with what its file asks of the cluster. */
export interface WantedUnit extends Unit, UnitNeeds {}

/** All that a decision may depend on. Plain data: the engine, preview and the simulator fill it alike. */
export interface Snapshot {
  /** Machines that can take units now. */
  readonly machines: readonly Machine[];
  readonly units: readonly WantedUnit[];
  /** What was decided before; a placement whose machine is not in `machines` counts as lost. */
  readonly placements: readonly Placement[];
  /** Ids of machines that take nothing new. What they have stays, global units included. Default: none. */
  readonly cordoned?: ReadonlySet<string>;
  /**
   * Ids of machines that are cordoned and also give their units away, as soon as another machine can take them.
   * Global units stay: they belong to the machine. Default: none.
   */
  readonly draining?: ReadonlySet<string>;
  /**
   * Units that failed, and the ids of the machines where they did: they leave these, and come to them again only
   * if no other machine fits. Default: none.
   */
  readonly avoid?: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Placed units that do not do their work at the moment: starting, stopped or not ready. While a template has
   * `MaxUnavailable=` of them, no more of its instances are moved off a draining machine or by a rebalance.
   * Default: none.
   */
  readonly unready?: ReadonlySet<string>;
  /**
   * Placed units that began to work a moment ago, see `settledAt`. Others of their template are not moved as long
   * as they may be down again the next moment. Default: none.
   */
  readonly settling?: ReadonlySet<string>;
  /**
   * Units that nothing is decided about now. They stay on the machines that have them, and who can't be beside
   * them makes way or keeps away, whoever would come first otherwise. Default: none.
   */
  readonly untouchable?: ReadonlySet<string>;
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

/** A unit that should leave its machine, which drains or where it failed, and can't yet. */
export interface Stay {
  readonly unit: string;
  readonly machineId: string;
  readonly reason: Reason;
  /** It may go when others are ready, or when something can be decided about it. Else no machine takes it. */
  readonly waits: boolean;
}

export interface Schedule {
  /** Removals come before placements. Empty when the placements already are as they should be. */
  readonly decisions: readonly Decision[];
  readonly pending: readonly Pending[];
  readonly staying: readonly Stay[];
}
