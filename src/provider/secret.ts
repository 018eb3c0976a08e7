/** How the engine marks a secret, and a secret's value, in what it sends (pulumi/sdk, `resource.SigKey`, `SecretSig`). */
const signature = { key: '4dabf18193072939515e22adb298388d', secret: '1b47061264138c4ac30d75fd1eb44270' };

/** A value with its secrets as plain values: the provider's settings come with them marked, resources' inputs don't. */
export function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const fields = new Map(entries);
  if (fields.get(signature.key) === signature.secret) return revealed(fields.get('value'));
  return Object.fromEntries(entries.map(([key, each]) => [key, revealed(each)]));
}
