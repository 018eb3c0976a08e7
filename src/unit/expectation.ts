import type { Expectation } from '../model/readiness.ts';
import { lastValue } from './effective-values.ts';
import { readFlotillaOptions } from './flotilla-options.ts';
import type { UnitOption } from './parse.ts';
import { isTrue } from './systemd-boolean.ts';

/** What a unit must show to be ready, by its file. */
export function readExpectation(unit: string, options: readonly UnitOption[]): Expectation {
  const service = (name: string) => lastValue(options, 'Service', name);
  const { readiness } = readFlotillaOptions(unit, options);
  return {
    probe: readiness !== undefined && readiness.probe.kind !== 'notify',
    finishes: service('Type') === 'oneshot' && !isTrue(service('RemainAfterExit')),
  };
}
