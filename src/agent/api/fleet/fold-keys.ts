/** How deep fleet's bodies are: a list of operations, or of options in a unit, each with an object as its value. */
const depth = 4;

/**
 * A body with its keys spelt as here. Go takes a key in any case, so clients of fleet written in Go send `"Value"` where
 * the documentation says `value`; its own tests do. Of two spellings the later counts.
 */
export function foldKeys(body: unknown, names: readonly string[], left = depth): unknown {
  if (typeof body !== 'object' || body === null || left === 0) return body;
  if (Array.isArray(body)) return body.map((item) => foldKeys(item, names, left - 1));
  const spelling = new Map(names.map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      spelling.get(key.toLowerCase()) ?? key,
      foldKeys(value, names, left - 1),
    ]),
  );
}
