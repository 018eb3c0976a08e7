import * as z from 'zod';
import { closest } from '../model/closest.ts';
import type { Problem } from '../model/problem.ts';

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** Turns what zod found by this schema into words for someone who has never heard of zod. */
export function explain(issue: Issue, schema: Schema): Problem[] {
  const path = issue.path.join('.');
  const known = keysAt(schema, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...issue.path, key].join('.'), key, known));
    case 'invalid_key':
      return issue.issues.map((inner) => ({
        path,
        problem: `the name ${show(issue.input)} is not allowed`,
        fix: `use ${inner.message}`,
      }));
    case 'invalid_type':
      return [
        {
          path,
          problem: typeProblem(issue),
          fix: `give ${ownWords(issue) ?? typeName(issue.expected, known)}`,
        },
      ];
    case 'invalid_value':
      return [{ path, problem: valueProblem(issue), fix: `use ${issue.values.join(' or ')}` }];
    case 'too_small':
      if (issue.origin === 'string')
        return [{ path, problem: 'is empty', fix: 'write something there, or take it away' }];
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
  record: 'names and values',
  array: 'a list, like [units/hello]',
};

function typeName(expected: string, known: readonly string[]): string {
  if (expected === 'object') return `keys and values; known here: ${known.join(', ')}`;
  return typeNames[expected] ?? expected;
}

/** What the schema itself says of what it wants, if it does; all messages of zod's own begin alike. */
function ownWords({ message }: Issue): string | undefined {
  return message.startsWith('Invalid input') ? undefined : message;
}

function valueProblem(issue: Issue & { code: 'invalid_value' }): string {
  return issue.input === undefined ? 'is missing' : `${show(issue.input)} is not known`;
}

function typeProblem(issue: Issue & { code: 'invalid_type' }): string {
  return issue.input === undefined ? 'is missing' : `${show(issue.input)} is of the wrong type`;
}

/** The keys that the schema knows at this path; none where it takes any, or no keys at all. */
function keysAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  const found = path.reduce<Schema | undefined>((inner, key) => inner && valueSchema(inner, key), schema);
  const bare = found && unwrap(found);
  return bare instanceof z.core.$ZodObject ? Object.keys(bare._zod.def.shape) : [];
}

function valueSchema(schema: Schema, key: PropertyKey): Schema | undefined {
  const bare = unwrap(schema);
  if (bare instanceof z.core.$ZodObject) return bare._zod.def.shape[String(key)];
  return bare instanceof z.core.$ZodRecord ? bare._zod.def.valueType : undefined;
}

function unwrap(schema: Schema): Schema {
  const isWrapped = schema instanceof z.core.$ZodOptional || schema instanceof z.core.$ZodDefault;
  return isWrapped ? unwrap(schema._zod.def.innerType) : schema;
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
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
