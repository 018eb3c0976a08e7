import * as z from 'zod';

/** Settings of our own, without which a test would take minutes. */
export interface Pace {
  /** Factor on everything that is waited, such as 10 s before a new machine is looked at. */
  readonly pace: number;
  /** Factor on all deadlines, such as 60 s for a machine to be gone. */
  readonly patience: number;
}

const Factor = z.coerce.number().min(0).default(1);
const Variables = z.object({ TEST_CLOUD_PACE: Factor, TEST_CLOUD_PATIENCE: Factor });

/** From `TEST_CLOUD_PACE` and `TEST_CLOUD_PATIENCE`; 1 by default. */
export function readPace(environment: NodeJS.ProcessEnv): Pace {
  const { TEST_CLOUD_PACE, TEST_CLOUD_PATIENCE } = Variables.parse(environment);
  return { pace: TEST_CLOUD_PACE, patience: TEST_CLOUD_PATIENCE };
}
