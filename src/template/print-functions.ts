import { sprint, sprintln } from './format.ts';
import { type TemplateFunction, takesMore } from './function.ts';
import { sprintf } from './printf.ts';

export const printFunctions: Readonly<Record<string, TemplateFunction>> = {
  print: takesMore([], 'any', (_, values) => sprint(values)),
  println: takesMore([], 'any', (_, values) => sprintln(values)),
  printf: takesMore(['string'], 'any', ([pattern], values) => sprintf(pattern, values)),
};
