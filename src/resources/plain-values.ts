import * as pulumi from '@pulumi/pulumi';
import type { Problem } from '../model/problem.ts';

/** What an argument can't be, and why. */
const refused: readonly {
  readonly is: (value: unknown) => boolean;
  readonly problem: string;
  readonly fix: string;
}[] = [
  {
    // Which machines and units there are has to be known before anything is made.
    is: (value) => pulumi.Output.isInstance(value) || value instanceof Promise,
    problem: 'is an Output or a promise, whose value is known only when others exist',
    fix: 'give a plain value, such as one of `new pulumi.Config()`',
  },
  {
    // Pulumi's state is JSON.
    is: (value) => ['bigint', 'symbol', 'function'].includes(typeof value),
    problem: 'is a BigInt, a symbol or a function, which no state can hold',
    fix: 'give a number, or text',
  },
];

/**
 * Everything of a component's arguments that is no plain value.
 *
 * @param example how arguments look, should there be none
 */
export function argumentProblems(args: unknown, example: string): Problem[] {
  if (isRecord(args)) return unplain(args, '', []);
  const given = Array.isArray(args) ? 'a list' : `${args === null ? 'null' : typeof args}`;
  return [{ path: 'args', problem: `is ${given}, where arguments belong`, fix: `give ${example}` }];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param around what the value is in, from the outermost on */
function unplain(value: unknown, path: string, around: readonly object[]): Problem[] {
  const rule = refused.find(({ is }) => is(value));
  if (rule) return [{ path, problem: rule.problem, fix: rule.fix }];
  if (typeof value !== 'object' || value === null) return [];
  if (around.includes(value))
    return [
      { path, problem: 'leads back to what it is in, so it has no end', fix: 'take it out, or give a copy' },
    ];
  return Object.entries(value).flatMap(([key, inner]) =>
    unplain(inner, path === '' ? key : `${path}.${key}`, [...around, value]),
  );
}
