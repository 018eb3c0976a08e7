import type { Problem } from '../model/problem.ts';
import { type Place, placeAt, type Source } from './place.ts';

/** What is wrong and what to do about it, before it is known where. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  /** What was expected, or what to write instead. */
  readonly fix: string;

  constructor(problem: string, fix: string) {
    super(problem);
    this.fix = fix;
  }
}

/** A template can't be used, or not with these keys. The only error that this folder's engine throws. */
export class TemplateError extends Error implements Problem, Place {
  override readonly name = 'TemplateError';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly problem: string;
  readonly fix: string;

  constructor({ file, text }: Source, offset: number, { message: problem, fix }: Complaint) {
    const { line, column } = placeAt(text, offset);
    super(`${file}:${line}:${column}: ${problem}; ${fix}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.problem = problem;
    this.fix = fix;
  }

  /** `nginx.tmpl:3:9`. */
  get path(): string {
    return `${this.file}:${this.line}:${this.column}`;
  }
}
