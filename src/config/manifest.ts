import { type Document, parseDocument } from 'yaml';
import * as z from 'zod';
import type { Problem } from '../model/problem.ts';
import { targetStateSchema } from '../model/unit.ts';
import { explain } from './explain.ts';

/** `units.yaml` of a unit folder: what can't be said in a unit file. */
const manifestSchema = z.strictObject({
  instances: z
    .record(z.string(), z.number())
    .default({})
    .describe('Template unit → number of instances, named @1, @2, …'),
  targetState: z
    .record(z.string(), targetStateSchema)
    .default({})
    .describe('Unit or template → launched, loaded or inactive; launched when it is not named'),
});

export type Manifest = z.output<typeof manifestSchema>;

/** A folder without a manifest runs each of its units once. */
export function parseManifest(
  path: string,
  text: string | undefined,
): { manifest: Manifest; problems: Problem[] } {
  const document = parseDocument(text ?? '');
  const syntax = document.errors.map((error) => ({
    path: `${path}:${error.linePos?.[0].line ?? 1}`,
    problem: error.message.split('\n')[0] ?? 'is no YAML',
    fix: 'correct the YAML',
  }));
  const value = syntax.length > 0 ? {} : toValue(document);
  if (value instanceof Error)
    syntax.push({ path, problem: value.message, fix: 'write it without YAML aliases' });
  const result = manifestSchema.safeParse(value instanceof Error ? {} : (value ?? {}), {
    reportInput: true,
  });
  if (result.success) return { manifest: result.data, problems: syntax };
  const problems = result.error.issues
    .flatMap((issue) => explain(issue, manifestSchema))
    .map((problem) => ({ ...problem, path: problem.path === '' ? path : `${path}: ${problem.path}` }));
  return { manifest: manifestSchema.parse({}), problems };
}

/** Aliases can make a short text a huge value, which the library refuses. */
function toValue(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
