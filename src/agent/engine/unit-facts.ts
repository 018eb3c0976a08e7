import type { Expectation } from '../../model/readiness.ts';
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

/** The facts of a version of a unit; undefined while its file is not in the store. */
export type FactsOf = (unit: string, hash: string) => UnitFacts | undefined;

type Files = ReadonlyMap<string, string>;

/** Files that are remembered at most: with that many, old versions are among them. */
const remembered = 20_000;

/** By hash and unit: the engine looks at all files with each change, the API with each question, and few change. */
const known = new Map<string, { readonly contents: string; readonly facts: UnitFacts }>();

/** Of these files, by their hashes. Each file is parsed once, since facts follow from name and contents. */
export function factsIn(files: Files): FactsOf {
  return (unit, hash) => {
    const contents = files.get(hash);
    if (contents === undefined) return undefined;
    const key = `${hash} ${unit}`;
    const found = known.get(key);
    if (found?.contents === contents) return found.facts;
    const facts = readFacts(unit, contents);
    if (known.size >= remembered) known.clear();
    known.set(key, { contents, facts });
    return facts;
  };
}

function readFacts(name: string, contents: string): UnitFacts {
  const { options } = parseUnit(contents);
  const expects = readExpectation(name, options);
  return {
    ...readNeeds(name, options),
    expects,
    once:
      lastValue(options, 'Service', 'Type') === 'oneshot' ||
      lastValue(options, 'Service', 'Restart') === 'no',
  };
}
