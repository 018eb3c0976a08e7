import type * as z from 'zod';

/** What one vector came to. `got` must equal `expected`; else `rule`, if set, names why it may differ. */
export interface Outcome {
  readonly expected: unknown;
  readonly got: unknown;
  readonly rule?: string | undefined;
}

/** Runs the `in` and `out` of one vector. */
export type Case = (input: unknown, output: unknown) => Outcome | Promise<Outcome>;

/** A case whose vectors are parsed first: a vector of another shape is an error, never a pass. */
export function vectorCase<I, O>(
  input: z.ZodType<I>,
  output: z.ZodType<O>,
  run: (i: I, o: O) => Outcome | Promise<Outcome>,
): Case {
  return (rawInput, rawOutput) => run(input.parse(rawInput), output.parse(rawOutput));
}
