import { Complaint } from './template-error.ts';

/**
 * Units that one render may spend: with some 100 ns for each, half a second, and ten times that on an emulated processor,
 * where an agent that says nothing for much longer loses its lease. A template that goes through 1000 keys with JSON in them
 * spends a fiftieth. Steps alone say little of how long it takes: one may make a list of 100,000 items, or go through a
 * text of 16 MiB.
 */
const most = 2 ** 22;

/** Bytes that one value may have, so that a loop that doubles a text ends in an error and not in a machine without memory. */
export const maxLength = 16 * 1024 * 1024;

/** Units of what functions do again and again; measured, and rounded up. */
export const cost = { call: 8, operand: 1, item: 4, character: 0.5 } as const;

/** What a render has done so far. The same template and keys spend the same on every machine. */
export class Effort {
  #spent = 0;

  /** @throws Complaint once it is too much */
  spend(units: number): void {
    this.#spent += units;
    if (this.#spent <= most) return;
    throw new Complaint(
      'more work than a file is worth',
      'look for a loop that makes large lists or texts again and again',
    );
  }
}
