import { basename } from 'node:path';
import type { UnitView } from '../model/api.ts';
import { CommandFailed } from './failure.ts';
import { findUnit } from './lookup.ts';
import { expandBraces, globMatcher, isGlob } from './unit-words.ts';

/**
 * The units of the cluster that words mean: names, globs and names in braces, in the words' order. A glob means only
 * units that it `suits` what is to be done with them, so that `stop 'web@*'` passes over those that are stopped.
 *
 * @throws CommandFailed for a name that is no unit's, and for a glob that matches no such unit.
 */
export function selectUnits(
  units: readonly UnitView[],
  words: readonly string[],
  suits: (unit: UnitView) => boolean = () => true,
): readonly UnitView[] {
  const found = words.flatMap(expandBraces).flatMap((word) => {
    if (!isGlob(word)) return [findUnit(units, word)];
    const matches = globMatcher(basename(word));
    const meant = units.filter((unit) => matches(unit.name) && suits(unit));
    if (meant.length > 0) return meant;
    throw new CommandFailed(`${word} matches no unit for this; \`flotilla list-unit-files\` shows all`);
  });
  return [...new Set(found)];
}
