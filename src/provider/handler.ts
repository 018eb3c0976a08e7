import type { z } from 'zod';
import { hasUnknowns } from './diff.ts';
import { type AnyHandler, type Properties, type ResourceHandler, unknownValue } from './resource.ts';

/** Parses at the edge: everything behind it is typed, everything before it is JSON. */
export function anyHandler<I extends object, O extends object>(handler: ResourceHandler<I, O>): AnyHandler {
  const inputsOf = (properties: Properties) => parse(handler.inputs, properties, 'inputs');
  const outputsOf = (properties: Properties) => parse(handler.outputs, properties, 'state');
  return {
    schemas: { inputs: handler.inputs, outputs: handler.outputs },
    computed: handler.computed,
    changes: { ...handler.changes },
    complete: async (inputs) => ({ ...inputs, ...(await handler.complete?.(inputs)) }),
    problems: (inputs) => problemsOf(handler.inputs, inputs),
    drift: (outputs) => handler.drift?.(outputsOf(outputs)) ?? {},
    async preview(inputs, old, context) {
      const computed = Object.fromEntries(handler.computed.map((key) => [key, old?.[key] ?? unknownValue]));
      const before = old && outputsOf(old);
      const known = hasUnknowns(inputs)
        ? await handler.sketch?.(inputs, before, context)
        : await handler.preview?.(inputsOf(inputs), before, context);
      return { ...inputs, ...computed, ...known };
    },
    async create(inputs, context) {
      const { id, outputs } = await handler.create(inputsOf(inputs), context);
      return { id, outputs: { ...inputs, ...outputs } };
    },
    async read(id, outputs, inputs, context) {
      if (!handler.read) return { outputs, inputs };
      const found = await handler.read(id, outputsOf(outputs), inputsOf(inputs), context);
      if (!found) return undefined;
      const foundInputs = Object.fromEntries(Object.entries(found.inputs ?? inputs));
      return { outputs: { ...foundInputs, ...found.outputs }, inputs: foundInputs };
    },
    async update(id, inputs, old, context) {
      const outputs = (await handler.update?.(id, inputsOf(inputs), outputsOf(old), context)) ?? {};
      return { ...old, ...inputs, ...outputs };
    },
    delete: async (id, outputs, context) => handler.delete?.(id, outputsOf(outputs), context),
  };
}

function parse<T>(schema: z.ZodType<T>, properties: Properties, what: string): T {
  const result = schema.safeParse(properties);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the ${what} of this resource cannot be read: ${issues.join('; ')}`);
}

/** Values that are not known yet fit anywhere. */
function problemsOf(schema: z.ZodType, inputs: Properties): { path: string; reason: string }[] {
  const issues = schema.safeParse(inputs, { reportInput: true }).error?.issues ?? [];
  return issues
    .filter((issue) => issue.input !== unknownValue)
    .map((issue) => ({ path: issue.path.join('.'), reason: issue.message }));
}
