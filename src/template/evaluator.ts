import { cost, maxLength } from './effort.ts';
import { fieldOf } from './field.ts';
import { argument, type Parameter, type TemplateFunction, type World } from './function.ts';
import { functions } from './functions.ts';
import type { Command, NumberOperand, Operand, Pipe } from './node.ts';
import { Complaint } from './template-error.ts';
import { isTrue, type Value } from './value.ts';
import type { Variables } from './variables.ts';

/** Stands for "nothing was piped into this". */
const nothing = Symbol('nothing');
type Piped = Value | typeof nothing;

/** Where it went wrong is known to whoever caught it. */
export class Misplaced extends Error {
  readonly offset: number;
  readonly complaint: Complaint;

  constructor(offset: number, complaint: Complaint) {
    super(complaint.message);
    this.offset = offset;
    this.complaint = complaint;
  }
}

/** The values of pipes. All that can be wrong is thrown as `Misplaced`. */
export class Evaluator {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The value of a pipe, which is given to the variables that it names. */
  pipe(pipe: Pipe, dot: Value, variables: Variables): Value {
    let value: Piped = nothing;
    for (const command of pipe.commands) value = this.#command(command, value, dot, variables) ?? undefined;
    const result = value === nothing ? undefined : value;
    for (const name of pipe.variables) {
      if (pipe.assigns) variables.assign(name, result);
      else placed(pipe.offset, () => variables.declare(name, result));
    }
    return result;
  }

  #command(command: Command, piped: Piped, dot: Value, variables: Variables): Value {
    const [first, ...rest] = command.operands;
    if (first.kind === 'function') return this.#call(first, rest, piped, dot, variables);
    const takesArguments = first.kind === 'field' || first.kind === 'variable' || first.kind === 'chain';
    const given = rest.length > 0 || piped !== nothing;
    if (takesArguments) return this.#method(first, rest, piped, dot, variables);
    if (given)
      fail(
        first.offset,
        'arguments for what is no function',
        'expected a function first, as in printf "%s" .',
      );
    if (first.kind === 'nil') fail(first.offset, 'nil alone says nothing', 'expected a value');
    return this.#operand(first, dot, variables);
  }

  /** Fields of which the last may be a method of a time, the only thing that has some. */
  #method(
    of: Operand & { names: readonly string[] },
    rest: readonly Operand[],
    piped: Piped,
    dot: Value,
    variables: Variables,
  ): Value {
    const values = rest.map((each) => this.#operand(each, dot, variables));
    const more = piped === nothing ? [] : [piped];
    return this.#fields(of, [...values, ...more], dot, variables);
  }

  #fields(
    of: Operand & { names: readonly string[] },
    values: readonly Value[],
    dot: Value,
    variables: Variables,
  ): Value {
    let value = of.kind === 'field' ? dot : of.kind === 'variable' ? variables.get(of.name) : undefined;
    if (of.kind === 'chain') value = this.#operand(of.of, dot, variables);
    if (of.names.length === 0 && values.length > 0) {
      fail(of.offset, 'arguments for what is no function', 'expected a function first, as in printf "%s" .');
    }
    placed(of.offset, () => this.#world.effort.spend(cost.operand * of.names.length));
    for (const [at, name] of of.names.entries()) {
      const last = at === of.names.length - 1;
      value = placed(of.offset, () => fieldOf(value, name, last ? values : []));
    }
    return value;
  }

  #operand(operand: Operand, dot: Value, variables: Variables): Value {
    placed(operand.offset, () => this.#world.effort.spend(cost.operand));
    switch (operand.kind) {
      case 'bool':
      case 'string':
        return operand.value;
      case 'number':
        return constant(operand);
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'pipe':
        return this.pipe(operand.pipe, dot, variables);
      case 'function':
        return this.#call(operand, [], nothing, dot, variables);
      default:
        return this.#fields(operand, [], dot, variables);
    }
  }

  #call(
    { name, offset }: Operand & { kind: 'function' },
    operands: readonly Operand[],
    piped: Piped,
    dot: Value,
    variables: Variables,
  ): Value {
    const called = functions.get(name);
    if (called === undefined)
      return fail(offset, `there is no function ${name}`, 'docs/templates.md lists all');
    const count = operands.length + (piped === nothing ? 0 : 1);
    checkCount(name, called, count, offset);
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, operands, piped, dot, variables);
    const values = operands.map((operand, at) =>
      this.#argument(operand, parameterAt(called, at), name, dot, variables),
    );
    if (piped !== nothing) {
      values.push(placed(offset, () => argument(piped, parameterAt(called, count - 1)), name));
    }
    return limited(offset, name, () => this.#run(called, values));
  }

  /** Texts are paid for here; what goes through a list or a map does it itself. */
  #run(called: TemplateFunction, values: readonly Value[]): Value {
    const { effort } = this.#world;
    effort.spend(cost.call + cost.character * charactersIn(values));
    const result = called.run(this.#world, values);
    effort.spend(cost.character * charactersIn([result]));
    return result;
  }

  /** What comes after the first that decides is not looked at, so `and .x (index .x 0)` works. */
  #shortCircuit(
    name: 'and' | 'or',
    operands: readonly Operand[],
    piped: Piped,
    dot: Value,
    variables: Variables,
  ): Value {
    let value: Value;
    for (const operand of operands) {
      value = this.#operand(operand, dot, variables);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped === nothing ? value : piped;
  }

  #argument(operand: Operand, parameter: Parameter, name: string, dot: Value, variables: Variables): Value {
    if (operand.kind === 'number' && parameter === 'int' && operand.int !== undefined) return operand.int;
    const value = this.#operand(operand, dot, variables);
    return placed(operand.offset, () => argument(value, parameter), name);
  }
}

function charactersIn(values: readonly Value[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}

function parameterAt({ parameters, rest }: TemplateFunction, at: number): Parameter {
  return parameters[at] ?? rest ?? 'any';
}

function checkCount(
  name: string,
  { parameters, rest }: TemplateFunction,
  count: number,
  offset: number,
): void {
  const least = parameters.length;
  if (rest === undefined ? count === least : count >= least) return;
  const wanted = `${rest === undefined ? '' : 'at least '}${least} ${least === 1 ? 'argument' : 'arguments'}`;
  fail(
    offset,
    `${count === 0 ? 'no' : count} ${count === 1 ? 'argument' : 'arguments'} for ${name}`,
    `expected ${wanted}`,
  );
}

/** A float where it is written as one, else an int. */
function constant({ int, float, isFloat }: NumberOperand): Value {
  return isFloat || int === undefined ? float : int;
}

function fail(offset: number, problem: string, fix: string): never {
  throw new Misplaced(offset, new Complaint(problem, fix));
}

/** Runs what complains, and adds where that is and which function it was. */
export function placed<T>(offset: number, run: () => T, name?: string): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    throw new Misplaced(
      offset,
      name === undefined ? error : new Complaint(`${name}: ${error.message}`, error.fix),
    );
  }
}

function limited(offset: number, name: string, run: () => Value): Value {
  return placed(
    offset,
    () => {
      const value = attempt(run);
      if (typeof value !== 'string' || value.length <= maxLength) return value;
      throw tooLarge();
    },
    name,
  );
}

/** V8 has a limit of its own for texts and lists, which it reports as a RangeError. */
function attempt(run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw error instanceof RangeError ? tooLarge() : error;
  }
}

function tooLarge(): Complaint {
  return new Complaint('a result of more than 16 MiB', 'expected less text; look for a loop that repeats it');
}
