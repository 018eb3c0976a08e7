import { secretMark } from '../model/pulumi-secret.ts';

/** Whether it is a secret's value in its envelope, as it is on its way to or from the engine. */
export function isSecret(value: unknown): value is { readonly value: unknown } {
  return (
    typeof value === 'object' && value !== null && Reflect.get(value, secretMark.key) === secretMark.value
  );
}

/** A value with its secrets as plain values: the provider's settings come with them marked, resources' inputs don't. */
export function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (isSecret(value)) return revealed(value.value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}
