import { type TemplateFunction, takes } from './function.ts';
import { Complaint } from './template-error.ts';

/** Ints have 64 bits and go round, as Go's. */
function arithmetic(run: (a: bigint, b: bigint) => bigint): TemplateFunction {
  return takes(['int', 'int'], ([a, b]) => BigInt.asIntN(64, run(a, b)));
}

function divisor(b: bigint): bigint {
  if (b === 0n) throw new Complaint('a division by zero', 'expected another divisor; ask with if before');
  return b;
}

export const arithmeticFunctions: Readonly<Record<string, TemplateFunction>> = {
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: arithmetic((a, b) => a / divisor(b)),
  mod: arithmetic((a, b) => a % divisor(b)),
  atoi: takes(['string'], ([text]) => {
    const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
    if (value !== undefined && value === BigInt.asIntN(64, value)) return value;
    throw new Complaint(`${JSON.stringify(text)} is no int`, 'expected digits only, such as 8080');
  }),
};
