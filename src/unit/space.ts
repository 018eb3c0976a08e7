/**
 * White space as Go's `unicode.IsSpace` has it, which decided what fleet trimmed: U+0085 counts and the byte
 * order mark does not, the other way round than in JavaScript's `\s`.
 */
const space = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

const only = new RegExp(`^${space}*$`);
const leading = new RegExp(`^${space}+`);
const trailing = new RegExp(`${space}$`);
const run = new RegExp(`${space}+`);

export function isSpace(text: string): boolean {
  return only.test(text);
}

export function trimSpace(text: string): string {
  let end = text.length;
  // Not one regular expression for the end: `\s+$` is quadratic in a long run of blanks inside a line.
  while (end > 0 && trailing.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end).replace(leading, '');
}

/** The words of a text, as Go's `strings.Fields`. */
export function splitAtSpace(text: string): string[] {
  return text.split(run).filter((word) => word !== '');
}
