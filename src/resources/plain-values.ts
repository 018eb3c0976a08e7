import * as pulumi from '@pulumi/pulumi';
import type { Problem } from '../model/problem.ts';

/** Which machines and units there are has to be known before anything is made, so an argument can't be a result. */
export function resultsIn(value: unknown, path = ''): Problem[] {
  if (pulumi.Output.isInstance(value) || value instanceof Promise)
    return [
      {
        path,
        problem: 'is an Output or a promise, whose value is known only when others exist',
        fix: 'give a plain value, such as one of `new pulumi.Config()`',
      },
    ];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    resultsIn(inner, path === '' ? key : `${path}.${key}`),
  );
}
