import { cost } from './effort.ts';
import { partsOf } from './extent.ts';
import { sprint, sprintln } from './format.ts';
import { type TemplateFunction, takesMore } from './function.ts';
import { sprintf } from './printf.ts';
import type { Value } from './value.ts';

export const printFunctions: Readonly<Record<string, TemplateFunction>> = {
  print: printing([], (_, values) => sprint(values)),
  println: printing([], (_, values) => sprintln(values)),
  printf: printing(['string'], ([pattern], values) => sprintf(pattern, values)),
};

/** Also what prints little goes through all parts: `printf "%.0s"`. */
function printing<const P extends readonly 'string'[]>(
  parameters: P,
  print: (given: { readonly [I in keyof P]: string }, values: readonly Value[]) => string,
): TemplateFunction {
  return takesMore(parameters, 'any', (given, values, { effort }) => {
    effort.spend(cost.character * partsOf(values));
    return print(given, values);
  });
}
