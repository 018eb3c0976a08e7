/**
 * Names of the rules a unit file can break. Stable: tests, the conformance table of exceptions and editors
 * tell problems apart by them, people read `message` and `fix`.
 */
export type Rule =
  | 'encoding'
  | 'file-size'
  | 'empty-file'
  | 'line-end'
  | 'outside-section'
  | 'section-header'
  | 'section-name'
  | 'assignment'
  | 'continuation'
  | 'name-form'
  | 'name-reserved'
  | 'name-hidden'
  | 'name-length'
  | 'name-type'
  | 'name-template'
  | 'duplicate-name'
  | 'instances'
  | 'target-state'
  | 'service'
  | 'unit-type'
  | 'unknown-section'
  | 'unknown-option'
  | 'wrong-section'
  | 'repeated'
  | 'specifier'
  | 'machine-id'
  | 'machine-of'
  | 'metadata'
  | 'glob'
  | 'boolean'
  | 'number'
  | 'time-span'
  | 'choice'
  | 'condition'
  | 'probe'
  | 'after-ready'
  | 'service-name'
  | 'service-key'
  | 'template-name'
  | 'image-name'
  | 'user'
  | 'combination';

/** One thing that is wrong, before it is known in which file it stands. */
export interface Flaw {
  readonly rule: Rule;
  /** Line of the file, from 1; absent when the file as a whole is meant. */
  readonly line?: number;
  /** What is wrong, with the value that is. */
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
}

/** One thing that is wrong, as shown to the user. */
export interface Problem {
  readonly rule: Rule;
  /** File and line: `units/hello/hello@.service:7`. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

export function problemIn(file: string, flaw: Flaw): Problem {
  const path = flaw.line === undefined ? file : `${file}:${flaw.line}`;
  return { rule: flaw.rule, path, message: flaw.message, fix: flaw.fix };
}

/** `units/a.service:3: unknown option "Conflict" in [X-Fleet]; did you mean "Conflicts"?` */
export function formatProblem({ path, message, fix }: Problem): string {
  return `${path}: ${message}; ${fix}`;
}
