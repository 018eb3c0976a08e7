import type { FlotillaOptions } from '../model/flotilla-options.ts';
import { readFlotillaOptions } from './flotilla-options.ts';
import type { UnitOption } from './parse.ts';
import { type Requirements, readRequirements } from './requirements.ts';
import { triggeredBy } from './triggers.ts';

/** All that a unit file asks of the cluster; follows from the unit's name and its file's options alone. */
export interface UnitNeeds {
  /** `[X-Fleet]` */
  readonly requirements: Requirements;
  /** `[X-Flotilla]` */
  readonly flotilla: FlotillaOptions;
  /** The unit it exists to start, which must be on its machine if it is in the cluster at all. */
  readonly triggers?: string;
}

/** Malformed values are passed over; `checkOptions` refuses them, so call that first on anything a user wrote. */
export function readNeeds(unit: string, options: readonly UnitOption[]): UnitNeeds {
  const triggers = triggeredBy(unit, options);
  return {
    requirements: readRequirements(unit, options),
    flotilla: readFlotillaOptions(unit, options),
    ...(triggers !== undefined && { triggers }),
  };
}
