import type { z } from 'zod';
import { closest } from '../model/closest.ts';
import type { Problem } from '../model/problem.ts';
import { groupSchema, stackSchema } from './schema.ts';

type Issue = z.core.$ZodIssue;

/** Turns what zod found into words for someone who has never heard of zod. */
export function explain(issue: Issue): Problem[] {
  const path = issue.path.join('.');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...issue.path, key].join('.'), key, knownKeys(issue)));
    case 'invalid_key':
      return issue.issues.map((inner) => ({
        path,
        problem: `the name ${show(issue.input)} is not allowed`,
        fix: `use ${inner.message}`,
      }));
    case 'invalid_type':
      return [
        { path, problem: typeProblem(issue), fix: `give ${typeNames[issue.expected] ?? issue.expected}` },
      ];
    case 'invalid_value':
      return [
        { path, problem: `${show(issue.input)} is not known`, fix: `use ${issue.values.join(' or ')}` },
      ];
    case 'too_small':
      return [{ path, problem: `${show(issue.input)} is too small`, fix: `use ${issue.minimum} or more` }];
    case 'too_big':
      return [{ path, problem: `${show(issue.input)} is too large`, fix: `use ${issue.maximum} or less` }];
    default:
      return [{ path, problem: `${show(issue.input)} cannot be used`, fix: `use ${issue.message}` }];
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
  string: 'text',
  object: 'keys and values, like { count: 3, etcd: true }',
  record: 'names and values',
  array: 'a list, like [units/hello]',
};

function typeProblem(issue: Issue & { code: 'invalid_type' }): string {
  return issue.input === undefined ? 'is missing' : `${show(issue.input)} is of the wrong type`;
}

function knownKeys({ path }: Issue): string[] {
  return Object.keys(path[0] === 'machines' ? groupSchema.shape : stackSchema.shape);
}

function unknownKey(path: string, key: string, known: readonly string[]): Problem {
  const guess = closest(key, known);
  return {
    path,
    problem: `there is no setting ${show(key)}`,
    fix: guess ? `did you mean ${guess}?` : `known here: ${known.join(', ')}`,
  };
}

/** The value as the user wrote it, short enough for one line. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
