import type { Machine } from './machine.ts';
import type { Placement } from './placement.ts';
import type { Reason } from './reason.ts';
import type { RolloutFailure, RolloutState } from './rollout.ts';
import type { UnitStatus } from './status.ts';
import type { TargetState, Unit } from './unit.ts';

// The bodies of `/flotilla/v1` on the agent's unix socket, JSON both ways. Errors are `{error: {code, message}}`.

/** Where the agent serves on its machine, unless its configuration says otherwise. */
export const agentSocket = '/run/flotilla/agent.sock';

/** How an agent's 404 for a path that it does not know begins. A newer caller reads it, so the words stay. */
export const nothingServed = 'nothing is served at';

/** A machine that gets no new units; a draining one also gives its units to others. Outlives the machine's reboots. */
export interface Cordon {
  readonly drain: boolean;
  readonly reason: Reason;
}

export interface MachineView extends Machine {
  readonly cordon?: Cordon;
}

/** A machine and what became of its cordon. Of one that is off, no more is known than name and address. */
export type CordonReply = Pick<MachineView, 'id' | 'name' | 'address' | 'cordon'> & Partial<Machine>;

/** `GET /flotilla/v1/machines` */
export interface MachinesReply {
  readonly machines: readonly MachineView[];
  /** Id of the machine whose agent runs the engine, if one does now. */
  readonly leader?: string;
}

/** One unit as the whole cluster sees it. */
export interface UnitView extends Unit {
  readonly placements: readonly Placement[];
  readonly states: readonly UnitStatus[];
  /** Why no machine has it; absent when one has, or when the target state is inactive. */
  readonly pending?: Reason;
}

/** `GET /flotilla/v1/units`; `GET /flotilla/v1/units/<name>` answers one `UnitView & {contents}`. */
export interface UnitsReply {
  /** The store's revision this was read at. */
  readonly revision: string;
  readonly units: readonly UnitView[];
}

/** `POST /flotilla/v1/plan` (says what would happen) and `POST /flotilla/v1/apply` (does it, in one transaction). */
export interface ChangeRequest {
  /** Instances of templates are already expanded: each has its own name. A template itself can only be inactive. */
  readonly put: readonly {
    readonly name: string;
    readonly contents: string;
    readonly targetState: TargetState;
  }[];
  readonly destroy: readonly string[];
  /** Units whose file stays and whose target state changes; 404 when one is unknown. */
  readonly targets?: readonly { readonly name: string; readonly targetState: TargetState }[];
  /** The revision of the `UnitsReply` this was decided from: 409 when one of these units changed since. */
  readonly revision?: string;
}

/** One line of a plan, shown to the user as it stands. */
export interface PlannedMove {
  readonly unit: string;
  /** Name of the machine, or undefined while the unit stays pending or goes away. */
  readonly machine?: string;
  readonly reason: Reason;
}

export interface PlanReply {
  readonly moves: readonly PlannedMove[];
  readonly pending: readonly { readonly unit: string; readonly reason: Reason }[];
}

export interface ApplyReply {
  readonly revision: string;
}

export interface ErrorReply {
  readonly error: { readonly code: number; readonly message: string };
}

/**
 * `POST /flotilla/v1/machines/<name or id>/cordon | drain | uncordon`, the first two with an optional
 * `{"reason": "…"}`. Answers `CordonReply`. 404 for an unknown machine; one that is off is known.
 */
export interface CordonRequest {
  readonly reason?: Reason;
}

/**
 * `POST /flotilla/v1/rebalance`: moves at most so many units from the fullest machines to the emptiest, one time.
 * Answers the `PlanReply` of what it will do; the engine does it.
 */
export interface RebalanceRequest {
  readonly maxMoves: number;
}

/** `GET /flotilla/v1/explain/<unit>`: where it is and why, and what each machine would say to it. */
export interface ExplainReply {
  readonly unit: string;
  readonly targetState: TargetState;
  readonly placements: readonly { readonly machine: string; readonly reason: Reason }[];
  readonly pending?: Reason;
  readonly machines: readonly { readonly machine: string; readonly fits: boolean; readonly reason: Reason }[];
}

/** What events tell of, and what streams of them tell of themselves: `begin` and `end`. */
export const eventKinds = [
  'machine',
  'unit',
  'placement',
  'state',
  'leader',
  'rollout',
  'cordon',
  'begin',
  'end',
] as const;

/**
 * One line of `GET /flotilla/v1/events?since=<revision>&follow=true`, as newline-delimited JSON, oldest first. Without
 * `follow` the stream ends with the present revision. Without `since` it begins now when it follows, else with the
 * oldest event that the store still has; 410 when `since` is older than that, naming the oldest.
 *
 * A stream that follows begins with a line of the kind `begin`. One whose client reads too slowly ends with a line of
 * the kind `end`; every other end is a cut.
 */
export interface ClusterEvent {
  /**
   * Its place in the store's history: the revision, and which of that revision's changes it tells of. Given as `after`
   * instead of `since`, it continues right after this line, also where a revision has more to tell. A revision alone
   * stands for all of it.
   */
  readonly id: string;
  /** The store's revision it happened at. */
  readonly revision: string;
  readonly kind: (typeof eventKinds)[number];
  readonly unit?: string;
  /** Name of the machine; its id when the name is not known any more. */
  readonly machine?: string;
  readonly message: Reason;
}

/** How a changed template or global unit is replacing its instances. */
export interface RolloutView {
  /** The template `hello@.service` or the global unit; other units change at once and have no rollout. */
  readonly name: string;
  readonly state: RolloutState;
  /** Instances (of a global unit: machines) by how far they are. */
  readonly updated: number;
  readonly total: number;
  readonly reason: Reason;
  readonly failure?: RolloutFailure;
}

/**
 * `GET /flotilla/v1/rollouts`; `POST /flotilla/v1/rollouts/<name>/pause | resume | undo` answers one `RolloutView`.
 * `undo` brings the last good version back.
 */
export interface RolloutsReply {
  readonly rollouts: readonly RolloutView[];
}
