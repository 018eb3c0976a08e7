import type { Machine } from './machine.ts';
import type { Placement } from './placement.ts';
import type { Reason } from './reason.ts';
import type { UnitStatus } from './status.ts';
import type { TargetState, Unit } from './unit.ts';

/** The bodies of `/flotilla/v1` on the agent's unix socket, JSON both ways. Errors are `{error: {code, message}}`. */
export const agentSocket = '/run/flotilla/agent.sock';

/** `GET /flotilla/v1/machines` */
export interface MachinesReply {
  readonly machines: readonly Machine[];
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
  /** Instances of templates are already expanded: each has its own name. */
  readonly put: readonly {
    readonly name: string;
    readonly contents: string;
    readonly targetState: TargetState;
  }[];
  readonly destroy: readonly string[];
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
