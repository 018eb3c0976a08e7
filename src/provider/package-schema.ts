import * as z from 'zod';
import type { AnyHandler } from './resource.ts';

/** A property in Pulumi's package schema (pulumi.com/docs, "Package schema"). */
type Property = Readonly<Record<string, unknown>>;

/** The provider's self-description, for `pulumi package get-schema`. It follows from the handlers alone. */
export function packageSchema(version: string, handlers: Readonly<Record<string, AnyHandler>>): string {
  const resources = Object.entries(handlers).map(([token, handler]) => [token, resource(handler)]);
  return JSON.stringify({
    name: 'flotilla',
    version,
    description: 'Clusters of machines that run etcd, Docker and plain systemd units',
    resources: Object.fromEntries(resources),
  });
}

function resource({ schemas, computed }: AnyHandler) {
  const inputs = objectSchema(schemas.inputs);
  const outputs = objectSchema(schemas.outputs);
  return {
    inputProperties: inputs.properties,
    requiredInputs: inputs.required,
    properties: { ...inputs.properties, ...outputs.properties },
    required: [...new Set([...inputs.required, ...computed])],
  };
}

function objectSchema(schema: z.ZodType): {
  properties: Record<string, Property>;
  required: readonly string[];
} {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  const entries = Object.entries(properties).map(([name, value]) => [name, property(value)] as const);
  return { properties: Object.fromEntries(entries), required };
}

/** Pulumi's schema knows objects only by name; ours are plain data, which it calls Any. */
function property(schema: z.core.JSONSchema._JSONSchema): Property {
  const any = { $ref: 'pulumi.json#/Any' };
  if (typeof schema === 'boolean') return any;
  const { type, items, additionalProperties } = schema;
  if (type === 'array' && items && !Array.isArray(items)) return { type, items: property(items) };
  if (type === 'object' && typeof additionalProperties === 'object')
    return { type, additionalProperties: property(additionalProperties) };
  return type === undefined || type === 'object' || type === 'array' ? any : { type };
}
