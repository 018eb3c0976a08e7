/** A list whose order means nothing, in one that is always the same; lists within it likewise. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, sorted(each)] as const);
  return Object.fromEntries(
    entries
      .filter(([, each]) => !(Array.isArray(each) && each.length === 0))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
