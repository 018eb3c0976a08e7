/**
 * Splits the value of an `[X-Fleet]` option: `"disk=ssd" "region=eu"` is two values. A line that does not both
 * start and end in a quote is one value as it stands, blanks included. Quotes can't be escaped, and only a blank
 * outside of quotes separates. The rules are fleet's.
 */
export function splitValues(line: string): string[] {
  if (!line.startsWith('"') || !line.endsWith('"')) return [line];
  const values: string[] = [];
  let value = '';
  let quoted = false;
  for (const char of line) {
    if (char === '"') quoted = !quoted;
    else if (char === ' ' && !quoted) {
      values.push(value);
      value = '';
    } else value += char;
  }
  return [...values, value];
}
