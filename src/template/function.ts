import type { Effort } from './effort.ts';
import type { KeyStore } from './key-store.ts';
import type { Outside } from './outside.ts';
import { Complaint } from './template-error.ts';
import { List, nameOf, type Value } from './value.ts';

/** What functions work on, besides their arguments. */
export interface World {
  readonly keys: KeyStore;
  readonly outside: Outside;
  readonly effort: Effort;
}

interface Parameters {
  string: string;
  int: bigint;
  any: Value;
  /** Go takes no value for an empty list. */
  strings: List | undefined | null;
  pairs: List | undefined | null;
}

export type Parameter = keyof Parameters;

type Arguments<P extends readonly Parameter[]> = { readonly [K in keyof P]: Parameters[P[K]] };

/** A function that templates may call. */
export interface TemplateFunction {
  readonly parameters: readonly Parameter[];
  /** Of any number of further arguments; none where it is left out. */
  readonly rest?: Parameter | undefined;
  /** @param values fit the parameters: `argument` has seen to that */
  run(world: World, values: readonly Value[]): Value;
}

/** A function by its parameters. `run` throws Complaint for what it can't do. */
export function takes<const P extends readonly Parameter[]>(
  parameters: P,
  run: (values: Arguments<P>, world: World) => Value,
): TemplateFunction {
  // The one place where values are taken for what `argument` has made of them.
  return { parameters, run: (world, values) => run(values as unknown as Arguments<P>, world) };
}

/** The same with any number of arguments of one kind after the parameters. */
export function takesMore<const P extends readonly Parameter[], R extends Parameter>(
  parameters: P,
  rest: R,
  run: (values: Arguments<P>, more: readonly Parameters[R][], world: World) => Value,
): TemplateFunction {
  return {
    parameters,
    rest,
    run(world, values) {
      const more = values.slice(parameters.length) as unknown as readonly Parameters[R][];
      return run(values as unknown as Arguments<P>, more, world);
    },
  };
}

const expectations: Readonly<Record<Parameter, string>> = {
  string: 'a string',
  int: 'an int; atoi makes one of a string',
  any: 'a value',
  strings: 'a list of strings, as split, getvs and ls give it',
  pairs: 'a list of pairs, as gets gives it',
};

const floatFix = 'expected an int; numbers of JSON are floats: atoi (printf "%.0f" …) makes an int of one';

/** @throws Complaint unless the value is of that kind */
export function argument(value: Value, parameter: Parameter): Value {
  if (fits(value, parameter)) return value;
  const fix =
    parameter === 'int' && typeof value === 'number' ? floatFix : `expected ${expectations[parameter]}`;
  throw new Complaint(`${nameOf(value)} as an argument`, fix);
}

function fits(value: Value, parameter: Parameter): boolean {
  if (parameter === 'any') return true;
  if (parameter === 'string') return typeof value === 'string';
  if (parameter === 'int') return typeof value === 'bigint';
  const empty = value === undefined || value === null;
  return empty || (value instanceof List && value.of === (parameter === 'strings' ? 'string' : 'pair'));
}
