import type { Expectation } from '../model/readiness.ts';
import { effectiveValues } from './effective-values.ts';
import { readFlotillaOptions } from './flotilla-options.ts';
import type { UnitOption } from './parse.ts';

/** systemd's words for true, in any case (`parse_boolean`). */
const yes: ReadonlySet<string> = new Set(['1', 'yes', 'y', 'true', 't', 'on']);

/** What a unit must show to be ready, by its file. */
export function readExpectation(unit: string, options: readonly UnitOption[]): Expectation {
  // Of several values of these options systemd takes the last.
  const last = (name: string) => effectiveValues(options, ['Service'], name).at(-1);
  const { readiness } = readFlotillaOptions(unit, options);
  return {
    probe: readiness !== undefined && readiness.probe.kind !== 'notify',
    finishes: last('Type') === 'oneshot' && !yes.has(last('RemainAfterExit')?.toLowerCase() ?? ''),
  };
}
