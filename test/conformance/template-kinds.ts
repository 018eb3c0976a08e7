import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { KeyStore } from '../../src/template/key-store.ts';
import { parseTemplate } from '../../src/template/render.ts';
import { parseResource } from '../../src/template/resource.ts';
import type { SyncOptions, SyncRecord } from '../../src/template/sync-plan.ts';
import { TemplateError } from '../../src/template/template-error.ts';
import { LocalHost } from '../../src/template-sync/local-host.ts';
import { LocalLookups } from '../../src/template-sync/lookups.ts';
import { syncResource } from '../../src/template-sync/sync.ts';
import { type Case, vectorCase } from './case.ts';

const vector = z.looseObject({
  kv: z.record(z.string(), z.string()).default({}),
  keys: z.array(z.string()).default(['/']),
  prefix: z.string().optional(),
  /** No template is a file that is missing. */
  template: z.string().optional(),
  /** In place of the resource that the other fields make. */
  toml: z.string().optional(),
  toml_extra: z.string().default(''),
  /** confd's flags. */
  cli: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  dest_before: z.tuple([z.string(), z.number()]).optional(),
  rounds: z.number().default(1),
});

const expectation = z.looseObject({
  exit: z.number(),
  wrote: z.boolean(),
  output: z.string().nullable(),
  mode: z.string().optional(),
  side_files: z.record(z.string(), z.string()).default({}),
  errors: z.array(z.string()).default([]),
});

type Vector = z.infer<typeof vector>;

/**
 * confd's whole run: resource, keys, template, check, file, reload, in a folder of its own. Compared are the file and
 * what the commands left, how it ended, and the line of the template that is to blame; the words are our own.
 */
const template = vectorCase(vector, expectation, async (input, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'fl-template-'));
  try {
    const [line] = expected.errors.flatMap((error) => /t\.tmpl:(\d+)/.exec(error)?.[1] ?? []);
    const { exit, wrote, output, mode, side_files } = expected;
    const end = await run(input, folder);
    return {
      expected: { exit, wrote, output, mode, side_files, line: line && Number(line) },
      got: { exit: end.failed ? 1 : 0, ...(await leftIn(folder)), line: end.line },
      rule: ruleOf(input),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
});

export const templateKinds: Readonly<Record<string, Case>> = { template, 'template-resource': template };

interface End {
  readonly failed: boolean;
  readonly line?: number;
}

async function run(input: Vector, folder: string): Promise<End> {
  await mkdir(join(folder, 'o'));
  const dest = join(folder, 'o/out');
  if (input.dest_before !== undefined) {
    const [contents, mode] = input.dest_before;
    await writeFile(dest, contents);
    await chmod(dest, mode);
  }
  let record: SyncRecord | undefined;
  let failed = false;
  for (let round = 0; round < input.rounds; round += 1) {
    try {
      const result = await once(input, folder, record);
      record = result.record;
      failed = result.failure !== undefined;
      const line = /^t\.tmpl:(\d+)/.exec(result.failure ?? '')?.[1];
      if (line !== undefined) return { failed, line: Number(line) };
    } catch (error) {
      return error instanceof TemplateError ? { failed: true, line: error.line } : { failed: true };
    }
  }
  return { failed };
}

async function once(input: Vector, folder: string, record: SyncRecord | undefined) {
  const resource = parseResource('t.toml', resourceOf(input).replaceAll('@D@', folder));
  if (input.template === undefined) throw new Error('there is no template');
  const at = input.cli.indexOf('--prefix');
  const prefix = at === -1 ? resource.prefix : (input.cli[at + 1] ?? '/');
  const keys = new KeyStore(Object.entries(input.kv), { keys: resource.keys, prefix });
  const parsed = parseTemplate({ file: 't.tmpl', text: input.template.replaceAll('@D@', folder) });
  const subject = { resource, template: parsed, keys, lookups: new LocalLookups(input.env) };
  return syncResource(subject, new LocalHost(), record, optionsOf(input.cli));
}

function optionsOf(cli: readonly string[]): SyncOptions {
  return { noop: cli.includes('--noop'), syncOnly: cli.includes('--sync-only') };
}

function resourceOf({ toml, keys, prefix, toml_extra }: Vector): string {
  if (toml !== undefined) return toml;
  const lines = ['[template]', 'src = "t.tmpl"', 'dest = "@D@/o/out"', `keys = ${JSON.stringify(keys)}`];
  if (prefix !== undefined) lines.push(`prefix = ${JSON.stringify(prefix)}`);
  return `${lines.join('\n')}\n${toml_extra}`;
}

async function leftIn(folder: string) {
  const names = await readdir(join(folder, 'o'));
  const read = async (name: string) => [name, await readFile(join(folder, 'o', name), 'utf8')] as const;
  const files = new Map(await Promise.all(names.map(read)));
  const output = files.get('out');
  files.delete('out');
  const bits = output === undefined ? undefined : (await stat(join(folder, 'o/out'))).mode & 0o7777;
  return {
    ...{ wrote: output !== undefined, output: output ?? null },
    mode: bits?.toString(8).padStart(4, '0'),
    side_files: Object.fromEntries(files),
  };
}

const knownFields = /^(src|dest|keys|prefix|uid|gid|mode|check_cmd|reload_cmd)\s*=/;

function ruleOf({ template, toml, toml_extra }: Vector): string | undefined {
  if (/\breverse \((gets|jsonArray|seq) /.test(template ?? '')) return 'reverse-any';
  const lines = `${toml ?? ''}\n${toml_extra}`.split('\n').filter((line) => /^\w+\s*=/.test(line));
  if (lines.some((line) => !knownFields.test(line))) return 'unknown-field';
  return lines.some((line) => /^mode\s*=\s*"(?!0)/.test(line)) ? 'decimal-mode' : undefined;
}
