import * as z from 'zod';
import type { Immutable } from './immutable.ts';
import { targetStateSchema } from './unit.ts';

export const placementSchema = z.object({
  unit: z.string(),
  machineId: z.string(),
  /** sha256 of the unit file that machine shall run. */
  hash: z.string(),
  targetState: targetStateSchema,
  reason: z.string(),
});

/** One unit on one machine, as the engine decided it: `/flotilla/schedule/<machine id>/<unit name>`. */
export type Placement = Immutable<z.infer<typeof placementSchema>>;

/** One word for a unit on a machine, to look it up by. Neither name has a slash; sorted, they come by unit. */
export function pairOf({ unit, machineId }: Pick<Placement, 'unit' | 'machineId'>): string {
  return `${unit}/${machineId}`;
}
