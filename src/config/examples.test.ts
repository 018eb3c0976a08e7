import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { jsonSchema } from './json-schema.ts';
import { localSettings } from './local.ts';
import { parseConfig } from './parse.ts';
import { stackSchema } from './schema.ts';

const settings = stackSchema.shape;

/** One for each platform; other stacks belong to whoever made them. */
const examples = settings.platform.unwrap().options.map((platform) => {
  const path = join('stacks', `Pulumi.${platform}.yaml`);
  return { platform, path, text: readFileSync(path, 'utf8') };
});

/** Every default that can be shown in a line. */
const defaults = defaultsOf(stackSchema.parse({ machines: { core: { count: 1 } } }));

function defaultsOf({ network, machines }: z.output<typeof stackSchema>): Readonly<Record<string, string>> {
  const { cpus, memory, disk, generation } = { generation: 0, ...machines.core };
  const values = { network, cpus, memory, disk, generation, start: localSettings({}).start };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, `${value}`]));
}

/** Those among them that stand there commented out. */
function shownDefaults(text: string): Record<string, string> {
  const lines = text.matchAll(/^ *# *(?:flotilla:)?(\w+): +([\w./]+)(?: |$)/gm);
  const pairs = [...lines].map(([, key = '', value = '']) => [key, value] as const);
  return Object.fromEntries(pairs.filter(([key]) => Object.hasOwn(defaults, key)));
}

/** Whether the setting stands there, commented out or not. */
function names(text: string, key: string): boolean {
  return new RegExp(`^[ #]*${key}:`, 'm').test(text);
}

describe.each(examples)('the annotated example $path', ({ platform, path, text }) => {
  test('is accepted as it stands, for the platform that it is named after', () => {
    const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(text));
    const raw = Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    expect(parseConfig(Object.fromEntries(raw)).platform).toBe(platform);
  });

  test('carries no secret of whoever committed it', () => {
    // Pulumi writes its salt into the file at the first `up`: with it in a fresh clone, every passphrase is wrong.
    const staged = spawnSync('git', ['show', `:${path}`], { encoding: 'utf8' });
    expect(staged.status === 0 ? staged.stdout : text).not.toContain('encryptionsalt');
  });

  test("names all of the platform's own settings", () => {
    const own = Object.keys(settings[platform].unwrap().shape);
    for (const key of [`flotilla:${platform}`, ...own]) expect([key, names(text, key)]).toEqual([key, true]);
  });

  test('shows the real defaults where they are commented out', () => {
    expect(defaults).toMatchObject(shownDefaults(text));
  });
});

describe('the annotated examples', () => {
  const earlier = Object.keys(settings.local.unwrap().shape);
  const ofOne = [...earlier, ...examples.map(({ platform }) => `${platform}`)];
  const common = Object.keys(settings).filter((key) => !ofOne.includes(key));
  const group = Object.keys(settings.machines.valueType.shape);

  test.each([...common.map((key) => `flotilla:${key}`), ...group])('name %s in one of them', (key) =>
    expect(examples.some(({ text }) => names(text, key))).toBe(true),
  );

  test.each(Object.keys(defaults))('show the default of %s in one of them', (key) =>
    expect(examples.some(({ text }) => Object.hasOwn(shownDefaults(text), key))).toBe(true),
  );

  test('have the JSON Schema that follows from the code', () => {
    const stored: unknown = JSON.parse(readFileSync('stacks/config.schema.json', 'utf8'));
    expect(stored).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });
});
