import type { Reason } from './reason.ts';
import type { TargetState } from './unit.ts';

/** One unit on one machine, as the engine decided it: `/flotilla/schedule/<machine id>/<unit name>`. */
export interface Placement {
  readonly unit: string;
  readonly machineId: string;
  /** sha256 of the unit file that machine shall run. */
  readonly hash: string;
  readonly targetState: TargetState;
  readonly reason: Reason;
}

/** One word for a unit on a machine, to look it up by. Neither name has a slash; sorted, they come by unit. */
export function pairOf({ unit, machineId }: Pick<Placement, 'unit' | 'machineId'>): string {
  return `${unit}/${machineId}`;
}
