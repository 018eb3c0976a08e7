/** A pattern of unit names, as `Conflicts=` and `Replaces=` take them. */
export interface Glob {
  readonly pattern: string;
  /** The text every match starts with; the whole name when `literal`. Lets an index skip most names. */
  readonly prefix: string;
  readonly literal: boolean;
  /**
   * What stands before, between and after the stars: sticky, without repetition, the last one up to the end of the name.
   * undefined when the pattern's syntax is wrong; it then matches nothing.
   */
  readonly chunks: readonly RegExp[] | undefined;
}

/**
 * Compiles a glob by the rules of Go's path.Match, which fleet used: `*` any run and `?` any one character
 * except `/`, `[a-z]` and `[^a-z]` one of a set, `\x` the character x. The whole name must match.
 */
export function compileGlob(pattern: string): Glob {
  const sources = [''];
  let prefix = '';
  let literal = true;
  for (let rest = pattern; rest !== ''; ) {
    const token = nextToken(rest);
    if (token === undefined) return { pattern, prefix: '', literal: false, chunks: undefined };
    if (token.source === undefined) sources.push('');
    else sources.push((sources.pop() ?? '') + token.source);
    literal &&= token.char !== undefined;
    if (literal) prefix += token.char ?? '';
    rest = rest.slice(token.length);
  }
  const last = sources.length - 1;
  const chunks = sources.map((source, at) => new RegExp(at === last ? `${source}$` : source, 'uy'));
  return { pattern, prefix, literal, chunks };
}

/**
 * Each chunk is taken where it comes first, as Go's path.Match does: what is left for the next star is then the longest.
 * One regular expression for all of it would try every way to divide the name among the stars, which takes seconds for
 * five of them.
 */
export function matchesGlob({ literal, prefix, chunks }: Glob, name: string): boolean {
  if (literal || chunks === undefined) return literal && prefix === name;
  let at: number | undefined = 0;
  for (const [index, chunk] of chunks.entries()) {
    at = index === 0 ? endOf(chunk, name, at) : endOfFirst(chunk, name, at);
    if (at === undefined) return false;
  }
  return true;
}

/** Where the chunk ends if it begins exactly there. */
function endOf(chunk: RegExp, name: string, start: number): number | undefined {
  chunk.lastIndex = start;
  return chunk.test(name) ? chunk.lastIndex : undefined;
}

/** Where the chunk ends that comes first after a star, which stands for anything but "/". */
function endOfFirst(chunk: RegExp, name: string, from: number): number | undefined {
  for (let start = from; start <= name.length; start++) {
    const end = endOf(chunk, name, start);
    if (end !== undefined || name[start] === '/') return end;
  }
  return undefined;
}

interface Token {
  readonly length: number;
  /** undefined for a star. */
  readonly source?: string;
  /** Set when the token stands for exactly this character. */
  readonly char?: string;
}

function nextToken(rest: string): Token | undefined {
  if (rest.startsWith('*')) return { length: 1 };
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
