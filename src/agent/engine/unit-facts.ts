import type { Expectation } from '../../model/readiness.ts';
import type { Unit } from '../../model/unit.ts';
import { lastValue } from '../../unit/effective-values.ts';
import { readExpectation } from '../../unit/expectation.ts';
import { readNeeds, type UnitNeeds } from '../../unit/needs.ts';
import { parseUnit } from '../../unit/parse.ts';

/** What the engine has to know of a unit's file. */
export interface UnitFacts extends UnitNeeds {
  readonly expects: Expectation;
  /** Its owner wants it started once only: `Type=oneshot`, or `Restart=no` in so many words. */
  readonly once: boolean;
}

export type FactsReader = (unit: Unit, contents: string) => UnitFacts;

export const readFacts: FactsReader = ({ name }, contents) => {
  const { options } = parseUnit(contents);
  const expects = readExpectation(name, options);
  return {
    ...readNeeds(name, options),
    expects,
    once:
      lastValue(options, 'Service', 'Type') === 'oneshot' ||
      lastValue(options, 'Service', 'Restart') === 'no',
  };
};

/** Files that are remembered at most: with that many, old versions are among them. */
const remembered = 20_000;

/** For a reader that lives long: facts follow from name and hash, so each file is parsed once. */
export function rememberFacts(): FactsReader {
  const known = new Map<string, UnitFacts>();
  return (unit, contents) => {
    const key = `${unit.hash} ${unit.name}`;
    const facts = known.get(key) ?? readFacts(unit, contents);
    if (known.size >= remembered) known.clear();
    known.set(key, facts);
    return facts;
  };
}
