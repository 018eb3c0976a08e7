import { arithmeticFunctions } from './arithmetic-functions.ts';
import { compareFunctions } from './compare-functions.ts';
import { escapeFunctions } from './escape-functions.ts';
import type { TemplateFunction } from './function.ts';
import { indexFunctions } from './index-functions.ts';
import { jsonFunctions } from './json-functions.ts';
import { keyFunctions } from './key-functions.ts';
import { listFunctions } from './list-functions.ts';
import { outsideFunctions } from './outside-functions.ts';
import { printFunctions } from './print-functions.ts';
import { stringFunctions } from './string-functions.ts';

/** Go's own functions and confd's. `and` and `or` are here by name only: the evaluator leaves out what need not be known. */
export const functions: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({
    ...keyFunctions,
    ...stringFunctions,
    ...listFunctions,
    ...jsonFunctions,
    ...arithmeticFunctions,
    ...outsideFunctions,
    ...compareFunctions,
    ...indexFunctions,
    ...printFunctions,
    ...escapeFunctions,
  }),
);

export const functionNames: ReadonlySet<string> = new Set(functions.keys());
