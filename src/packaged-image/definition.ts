import { parseDocument } from 'yaml';
import * as z from 'zod';
import { explain } from '../config/explain.ts';
import { parseReference } from '../image/reference.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { compressionNames } from './compression.ts';

/** A path in the image, and no detour in it. */
const target = z
  .string()
  .regex(/^\/(?!.*(^|\/)\.\.?(\/|$)).+$/, 'the absolute path of a file in the image, without . and ..');
/** A path below the folder of files, and nothing above it. */
const source = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'a path in the folder of the image, without ..');

const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'the name of a Debian package');

const oneOf = 'one of packages, copy and run for each step';
const stepSchema = z.union(
  [
    z.strictObject({ packages: z.array(packageName).min(1) }),
    z.strictObject({ copy: z.record(source, target) }),
    z.strictObject({ run: z.string().min(1) }),
  ],
  { error: oneOf },
);

/** `image.yaml`: what an image is made of, and how its program starts. */
const definitionSchema = z.strictObject({
  name: z
    .string()
    .refine((name) => parseReference(name) !== undefined, 'a name with a tag, such as app:1')
    .describe('What units call it'),
  steps: z
    .array(stepSchema)
    .min(1)
    .describe(
      'Each becomes a layer: packages of Debian, files of the folder, a shell script that root runs in it',
    ),
  compression: z
    .enum(compressionNames)
    .default('zstd')
    .describe('Of its layers; Docker before 23.0, as Debian 12 has it, reads gzip alone'),
  config: z
    .strictObject({
      entrypoint: z.array(z.string()).default([]),
      command: z.array(z.string()).default([]).describe('Arguments that `docker run` may replace'),
      env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, 'the name of a variable'), z.string()).default({}),
      user: z.string().default('').describe('Name or number; root when it is empty'),
      folder: target.or(z.literal('')).default('').describe('Where the program starts'),
      ports: z.array(z.int().min(1).max(65_535)).default([]),
      stopSignal: z
        .string()
        .regex(/^SIG[A-Z0-9]+$/, 'the name of a signal, such as SIGQUIT')
        .optional(),
    })
    .prefault({}),
});

export type Definition = z.output<typeof definitionSchema>;
export type Step = Definition['steps'][number];
export type CopyStep = Extract<Step, { copy: unknown }>;
/** A step that needs Debian's programs. */
export type ChrootStep = Exclude<Step, CopyStep>;

/**
 * @param path the file's, for messages
 * @throws InvalidInput with all that is wrong
 */
export function parseDefinition(path: string, text: string): Definition {
  const document = parseDocument(text);
  const problems: Problem[] = document.errors.map((error) => ({
    path: `${path}:${error.linePos?.[0].line ?? 1}`,
    problem: error.message.split('\n')[0] ?? 'is no YAML',
    fix: 'correct the YAML',
  }));
  const result = definitionSchema.safeParse(problems.length > 0 ? {} : document.toJS(), {
    reportInput: true,
  });
  if (result.success) return result.data;
  if (problems.length === 0)
    for (const issue of result.error.issues)
      for (const problem of explain(issue, definitionSchema))
        problems.push({ ...problem, path: problem.path === '' ? path : `${path}: ${problem.path}` });
  throw new InvalidInput(`${path} can't be used:`, problems);
}
