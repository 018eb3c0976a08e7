import type * as z from 'zod';
import { hasUnknowns } from './diff.ts';
import {
  type AnyHandler,
  type Context,
  type Properties,
  type ResourceHandler,
  unknownValue,
} from './resource.ts';

/** What a resource is called in the program. */
type Named = Pick<Context, 'name'>;

/** Parses at the edge: everything behind it is typed, everything before it is JSON. */
export function anyHandler<I extends object, O extends object>(handler: ResourceHandler<I, O>): AnyHandler {
  const inputsOf = (properties: Properties, { name }: Named) =>
    parse(handler.inputs, properties, `${name}: its inputs do`);
  const outputsOf = (properties: Properties, { name }: Named) =>
    parse(handler.outputs, properties, `${name}: its state does`);
  return {
    schemas: { inputs: handler.inputs, outputs: handler.outputs },
    computed: handler.computed,
    changes: { ...handler.changes },
    complete: async (inputs) => ({ ...inputs, ...(await handler.complete?.(inputs)) }),
    problems: (inputs) => problemsOf(handler.inputs, inputs),
    ...(handler.id ? { id: handler.id } : {}),
    drift: (outputs) => handler.drift?.(outputsOf(outputs, { name: 'this resource' })) ?? {},
    async preview(inputs, old, context) {
      const computed = Object.fromEntries(handler.computed.map((key) => [key, old?.[key] ?? unknownValue]));
      const before = old && outputsOf(old, context);
      const known = hasUnknowns(inputs)
        ? await handler.sketch?.(inputs, before, context)
        : await handler.preview?.(inputsOf(inputs, context), before, context);
      return { ...inputs, ...computed, ...known };
    },
    async create(inputs, context) {
      const { id, outputs } = await handler.create(inputsOf(inputs, context), context);
      return { id, outputs: { ...inputs, ...outputs } };
    },
    async read(id, outputs, inputs, context) {
      if (!handler.read) return { outputs, inputs };
      const found = await handler.read(id, outputsOf(outputs, context), inputsOf(inputs, context), context);
      if (!found) return undefined;
      const foundInputs = Object.fromEntries(Object.entries(found.inputs ?? inputs));
      return { outputs: { ...foundInputs, ...found.outputs }, inputs: foundInputs };
    },
    async update(id, inputs, old, context) {
      const outputs =
        (await handler.update?.(id, inputsOf(inputs, context), outputsOf(old, context), context)) ?? {};
      return { ...old, ...inputs, ...outputs };
    },
    delete: async (id, outputs, context) => handler.delete?.(id, outputsOf(outputs, context), context),
  };
}

function parse<T>(schema: z.ZodType<T>, properties: Properties, what: string): T {
  const result = schema.safeParse(properties);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(
    `${what} not fit this version of Flotilla (${issues.join('; ')}); use the version that made the stack, or destroy it with that one`,
  );
}

/** Values that are not known yet fit anywhere. */
function problemsOf(schema: z.ZodType, inputs: Properties): { path: string; reason: string }[] {
  const issues = schema.safeParse(inputs, { reportInput: true }).error?.issues ?? [];
  return issues
    .filter((issue) => issue.input !== unknownValue)
    .map((issue) => ({ path: issue.path.join('.'), reason: issue.message }));
}
