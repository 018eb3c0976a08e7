/** Undefined for what is not JSON: schemas refuse that with their own words. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
