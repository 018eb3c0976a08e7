import type { ParsedUnit } from './parse.ts';

/** A unit file of a set that is checked as a whole. */
export interface Source {
  readonly path: string;
  readonly parsed: ParsedUnit;
  /** The file itself, or the instances of a template. */
  readonly units: readonly { readonly name: string }[];
}
