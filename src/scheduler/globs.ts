import { compileGlob, matchesGlob } from '../unit/glob.ts';

/** Which units each distinct glob matches, and by which globs each unit is matched. Units and globs are numbers. */
export interface GlobIndex {
  /** By unit: the globs it names itself. */
  readonly named: readonly (readonly number[])[];
  /** By unit: the globs of others or of its own that match its name. */
  readonly matching: readonly (readonly number[])[];
  /** By glob: the units that name it. */
  readonly holders: readonly (readonly number[])[];
}

/**
 * Matches every distinct pattern against the names once. A literal name is looked up, and a pattern that starts
 * with text is tried only on the names that start with it, so thousands of units with `Conflicts=%p@*.service`
 * do not cost the square of their number. `names` must be sorted and unique.
 */
export function indexGlobs(names: readonly string[], patterns: readonly (readonly string[])[]): GlobIndex {
  const numbers = new Map<string, number>();
  const matching: number[][] = names.map(() => []);
  const holders: number[][] = [];
  const named = patterns.map((list, unit) => [...new Set(list)].map((pattern) => numberOf(pattern, unit)));

  function numberOf(pattern: string, unit: number): number {
    const number = numbers.get(pattern) ?? add(pattern);
    holders[number]?.push(unit);
    return number;
  }

  function add(pattern: string): number {
    const number = numbers.size;
    numbers.set(pattern, number);
    holders.push([]);
    for (const unit of matches(names, pattern)) matching[unit]?.push(number);
    return number;
  }

  return { named, matching, holders };
}

function matches(names: readonly string[], pattern: string): number[] {
  const glob = compileGlob(pattern);
  const found: number[] = [];
  for (let unit = lowerBound(names, glob.prefix); names[unit]?.startsWith(glob.prefix); unit += 1) {
    if (matchesGlob(glob, names[unit] ?? '')) found.push(unit);
  }
  return found;
}

/** First index whose name is not below the text. */
function lowerBound(names: readonly string[], text: string): number {
  let low = 0;
  for (let high = names.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
