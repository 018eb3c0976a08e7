/** A pattern of unit names, as `Conflicts=` and `Replaces=` take them. */
export interface Glob {
  readonly pattern: string;
  /** The text every match starts with; the whole name when `literal`. Lets an index skip most names. */
  readonly prefix: string;
  readonly literal: boolean;
  /** undefined when the pattern's syntax is wrong; it then matches nothing. */
  readonly regexp: RegExp | undefined;
}

/**
 * Compiles a glob by the rules of Go's path.Match, which fleet used: `*` any run and `?` any one character
 * except `/`, `[a-z]` and `[^a-z]` one of a set, `\x` the character x. The whole name must match.
 */
export function compileGlob(pattern: string): Glob {
  const sources: string[] = [];
  let prefix = '';
  let literal = true;
  for (let rest = pattern; rest !== ''; ) {
    const token = nextToken(rest);
    if (token === undefined) return { pattern, prefix: '', literal: false, regexp: undefined };
    sources.push(token.source);
    literal &&= token.char !== undefined;
    if (literal) prefix += token.char ?? '';
    rest = rest.slice(token.length);
  }
  return { pattern, prefix, literal, regexp: new RegExp(`^${sources.join('')}$`, 'u') };
}

export function matchesGlob(glob: Glob, name: string): boolean {
  return glob.literal ? glob.prefix === name : (glob.regexp?.test(name) ?? false);
}

interface Token {
  readonly length: number;
  readonly source: string;
  /** Set when the token stands for exactly this character. */
  readonly char?: string;
}

function nextToken(rest: string): Token | undefined {
  if (rest.startsWith('*')) return { length: 1, source: '[^/]*' };
  if (rest.startsWith('?')) return { length: 1, source: '[^/]' };
  if (rest.startsWith('[')) return classToken(rest);
  const char = nextChar(rest);
  return char && { length: char.length, source: escapeChar(char.char), char: char.char };
}

/** One character, perhaps escaped; undefined where the pattern ends in a lone backslash. */
function nextChar(rest: string): { char: string; length: number } | undefined {
  const escaped = rest.startsWith('\\');
  const point = rest.codePointAt(escaped ? 1 : 0);
  if (point === undefined) return undefined;
  const char = String.fromCodePoint(point);
  return { char, length: char.length + (escaped ? 1 : 0) };
}

function classToken(rest: string): Token | undefined {
  const negated = rest.startsWith('[^');
  const ranges: string[] = [];
  let at = negated ? 2 : 1;
  while (at < rest.length) {
    if (rest[at] === ']' && ranges.length > 0)
      return { length: at + 1, source: classSource(negated, ranges) };
    const low = classChar(rest.slice(at));
    if (low === undefined) return undefined;
    at += low.length;
    const isRange = rest[at] === '-';
    const high = isRange ? classChar(rest.slice(at + 1)) : low;
    if (high === undefined) return undefined;
    if (isRange) at += high.length + 1;
    ranges.push(rangeSource(low.char, high.char));
  }
  return undefined;
}

function classSource(negated: boolean, ranges: readonly string[]): string {
  return `[${negated ? '^' : ''}${ranges.join('')}]`;
}

/** A range that runs backwards is legal in Go and holds no character; JavaScript would refuse it. */
function rangeSource(low: string, high: string): string {
  return codePoint(low) <= codePoint(high) ? `${escapeChar(low)}-${escapeChar(high)}` : '';
}

function classChar(rest: string): { char: string; length: number } | undefined {
  return rest.startsWith('-') || rest.startsWith(']') ? undefined : nextChar(rest);
}

function escapeChar(char: string): string {
  return `\\u{${codePoint(char).toString(16)}}`;
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0;
}
