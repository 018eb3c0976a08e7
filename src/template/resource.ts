import { parse as parseToml, TomlError } from 'smol-toml';
import * as z from 'zod';
import { closest } from '../model/closest.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { readTimeSpan } from '../unit/time-span.ts';
import { clean } from './path.ts';
import { parseTemplate, type Template } from './render.ts';
import { TemplateError } from './template-error.ts';

/** One file that is kept up to date from a template: confd's template resource. */
export interface TemplateResource {
  /** Path of the template, relative to the folder of templates. */
  readonly src: string;
  /** Absolute path of the file to write. */
  readonly dest: string;
  /** Beginnings of the keys that the template sees, `prefix` before each. */
  readonly keys: readonly string[];
  readonly prefix: string;
  /** Name or number; who runs it, where it is left out. */
  readonly owner: string | number | undefined;
  readonly group: string | number | undefined;
  /** Permission bits; those of the file that is there, else 0644, where it is left out. */
  readonly mode: number | undefined;
  /** Shell command with {{.src}}, the file to check, and {{.dest}}, where it will go. */
  readonly check: Template | undefined;
  /** Shell command that runs when the file has changed. */
  readonly reload: string | undefined;
  /** Seconds. */
  readonly checkTimeout: number;
  readonly reloadTimeout: number;
  /** Seconds without a further change of keys before it is rendered. */
  readonly debounce: number;
}

const text = z.string().min(1);
const id = z.int().min(0).max(0xffff_ffff);

/** `0644`, as confd reads it: without the 0 it would be decimal there, and other bits than anybody means. */
const mode = z.string().regex(/^0o?[0-7]{3,4}$/, { error: 'an octal number in quotes, such as "0644"' });

const timeSpan = z.string().transform((written, context) => {
  const seconds = readTimeSpan(written);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: 'custom', message: 'a time span, such as "30s" or "2min"', input: written });
  return z.NEVER;
});

const fields = {
  src: text.refine((path) => !clean(path).startsWith('..'), {
    error: 'a path below the folder of templates',
  }),
  dest: text.refine((path) => path.startsWith('/') && clean(path) !== '/', {
    error: 'the absolute path of a file',
  }),
  keys: z.array(text).min(1),
  prefix: z.string().default('/'),
  owner: text.optional(),
  group: text.optional(),
  uid: id.optional(),
  gid: id.optional(),
  mode: mode.optional(),
  check_cmd: z.string().optional(),
  reload_cmd: z.string().optional(),
  check_cmd_timeout: timeSpan.default(30),
  reload_cmd_timeout: timeSpan.default(60),
  debounce: timeSpan.default(0),
};

const table = z.strictObject(fields);
const document = z.strictObject({ template: table });

/** What to write instead, where zod's own words say nothing to whoever writes the file. */
const wanted: Readonly<Record<string, string>> = {
  src: 'the name of a template, such as src = "nginx.conf.tmpl"',
  dest: 'where the file goes, such as dest = "/etc/nginx/nginx.conf"',
  keys: 'a list of keys, such as keys = ["/services"]',
  uid: 'a number, such as uid = 33; owner takes a name',
  gid: 'a number, such as gid = 33; group takes a name',
  mode: 'an octal number in quotes, such as mode = "0644"',
  template: 'a table: a line [template], and below it src, dest and keys',
};

/**
 * Reads a template resource.
 *
 * @param file its path, for messages
 * @throws InvalidInput with all that is wrong with it, each with its line where there is one
 */
export function parseResource(file: string, contents: string): TemplateResource {
  const raw = readToml(file, contents);
  const { data, error } = document.safeParse(raw, { reportInput: true });
  const written = data?.template;
  const problems = [
    ...(error?.issues ?? []).flatMap((issue) => explain(file, contents, issue)),
    ...twiceSaid(file, contents, raw),
  ];
  const check = checkTemplate(file, written?.check_cmd, problems);
  if (written === undefined || problems.length > 0) throw refusal(file, problems);
  return {
    ...{ src: written.src, dest: clean(written.dest), keys: written.keys },
    prefix: written.prefix.startsWith('/') ? written.prefix : `/${written.prefix}`,
    ...{ owner: written.owner ?? written.uid, group: written.group ?? written.gid },
    mode: written.mode === undefined ? undefined : Number.parseInt(written.mode.replace('o', ''), 8),
    ...{ check, reload: written.reload_cmd || undefined },
    ...{ checkTimeout: written.check_cmd_timeout, reloadTimeout: written.reload_cmd_timeout },
    debounce: written.debounce,
  };
}

function refusal(file: string, problems: readonly Problem[]): InvalidInput {
  return new InvalidInput(`The template resource ${file} cannot be used:`, problems);
}

function readToml(file: string, contents: string): unknown {
  try {
    return parseToml(contents);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [problem = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    const path = `${file}:${error.line}:${error.column}`;
    throw refusal(file, [
      {
        path,
        problem: `this is no TOML: ${problem}`,
        fix: 'write lines like dest = "/etc/nginx/nginx.conf"',
      },
    ]);
  }
}

/** Of a template resource's own lines: `file:4`, where the line is found. */
function placeOf(file: string, contents: string, field: string): string {
  const pattern = new RegExp(`^\\s*\\[?\\s*${field.replaceAll(/[^\w-]/g, '.')}\\s*[=\\]]`);
  const line = contents.split('\n').findIndex((each) => pattern.test(each));
  return line === -1 ? file : `${file}:${line + 1}`;
}

function explain(file: string, contents: string, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(file, contents, key));
  const field = String(issue.path[1] ?? issue.path[0] ?? 'template');
  const path = placeOf(file, contents, field);
  const fix = `expected ${issue.code === 'custom' || issue.code === 'invalid_format' ? issue.message : (wanted[field] ?? 'text')}`;
  if (issue.input === undefined) return [{ path, problem: `${field} is missing`, fix }];
  return [{ path, problem: `${field} is ${JSON.stringify(issue.input)}`, fix }];
}

function unknownField(file: string, contents: string, key: string): Problem {
  const known = Object.keys(fields);
  const near = closest(key, known);
  const fix = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
  return { path: placeOf(file, contents, key), problem: `there is no setting ${key}`, fix };
}

function twiceSaid(file: string, contents: string, raw: unknown): Problem[] {
  const said = z.object({ template: z.record(z.string(), z.unknown()) }).safeParse(raw).data?.template ?? {};
  return [['owner', 'uid'] as const, ['group', 'gid'] as const].flatMap(([name, number]) => {
    if (said[name] === undefined || said[number] === undefined) return [];
    return [
      {
        path: placeOf(file, contents, number),
        problem: `${number} beside ${name}`,
        fix: 'leave one of them out',
      },
    ];
  });
}

/** A check that can't be read is told before anything is rendered. */
function checkTemplate(file: string, command: string | undefined, problems: Problem[]): Template | undefined {
  if (!command) return undefined;
  try {
    return parseTemplate({ file: `${file}: check_cmd`, text: command });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.push(error);
    return undefined;
  }
}
