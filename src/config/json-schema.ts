import * as z from 'zod';
import { stackSchema } from './schema.ts';

/** The schema of a whole `Pulumi.<stack>.yaml`, for editors: completion, types and descriptions as one types. */
export function jsonSchema(): object {
  const { properties = {}, required = [] } = z.toJSONSchema(stackSchema, { io: 'input' });
  const prefixed = Object.entries(properties).map(([key, value]) => [`flotilla:${key}`, value]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Flotilla stack config',
    type: 'object',
    properties: {
      config: {
        type: 'object',
        properties: Object.fromEntries(prefixed),
        required: required.map((key) => `flotilla:${key}`),
        patternProperties: { '^(?!flotilla:)': true },
        additionalProperties: false,
      },
    },
  };
}
