import type { TargetState } from '../model/unit.ts';
import { readExpectation } from '../unit/expectation.ts';
import { flotillaSection } from '../unit/flotilla-options.ts';
import { hashOf } from '../unit/hash.ts';
import { readNeeds } from '../unit/needs.ts';
import { parseUnit, type UnitOption } from '../unit/parse.ts';
import { rolloutGroup } from '../unit/rollout-group.ts';
import type { WantedUnit } from './health.ts';

/** What a unit of these contents shall become: what it is waited for and how long follows from its file. */
export function wantedUnit(name: string, contents: string, targetState: TargetState): WantedUnit {
  const { options } = parseUnit(contents);
  const { requirements, flotilla } = readNeeds(name, options);
  return {
    name,
    hash: hashOf(contents),
    targetState,
    ...readExpectation(name, options),
    rolloutDeadline: flotilla.rollout.deadline,
    announced: says(options, 'RolloutDeadline') ? flotilla.rollout.deadline : 0,
    rolls: rolloutGroup(name, requirements) !== undefined,
  };
}

function says(options: readonly UnitOption[], option: string): boolean {
  return options.some(({ section, name }) => section === flotillaSection && name === option);
}
