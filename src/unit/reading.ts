import type { Rule } from './problem.ts';

/** What the text of an option means, or what should have stood there. */
export type Reading<T> = { readonly value: T } | Misreading;

export interface Misreading {
  readonly rule: Rule;
  /** Ends the sentence "Weight=x is not …". */
  readonly expected: string;
  readonly fix: string;
}

export const read = <T>(value: T): Reading<T> => ({ value });
