import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { stackSchema } from '../src/config/schema.ts';

/** What documents and comments say of the code, as far as it can be held against it. */
const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const isSource = (name: string) => name.endsWith('.ts') && !/\.test\.ts$|^fake-/.test(name);

test('architecture.md names what lies beside the platforms', () => {
  const said = /is beside them: (.*)\.$/m.exec(read('docs/architecture.md'))?.[1];
  const named = said?.split(', ').map((name) => name.replaceAll('`', ''));
  // One is the interface of them all, the other the way to them.
  const others = ['platform', 'choose'];
  const files = readdirSync(join(root, 'src', 'platform')).filter(isSource);
  const names = files.map((file) => basename(file, '.ts')).filter((name) => !others.includes(name));
  expect(named).toEqual(names.sort());
});

test('a comment that says in which file something is, is right', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const said = sources.flatMap((name) => [
    ...read(join('src', name)).matchAll(/\((\w+) in (src\/[\w/.-]+\.ts)\)/g),
  ]);
  expect(said.length).toBeGreaterThan(0);
  const wrong = said.filter(([, what = '', file = '']) => !read(file).includes(what));
  expect(wrong.map(([words]) => words)).toEqual([]);
});

test('doctor’s table in cli.md has a row for each platform', () => {
  const rows = [...read('docs/cli.md').matchAll(/^\| (\w+) \| /gm)].map(([, where]) => where);
  expect(rows).toEqual(expect.arrayContaining(stackSchema.shape.platform.unwrap().options));
});

test('a version in CHANGELOG.md has each heading once', () => {
  for (const version of read('CHANGELOG.md').split(/^## /m)) {
    const headings = version.match(/^### .*$/gm) ?? [];
    expect(headings).toEqual([...new Set(headings)]);
  }
});

/** `import.meta.dirname` is there since 20.11. */
test('manifest, lock file, README and set-up ask for the same Node', () => {
  const engines = z.object({ node: z.string() });
  const manifest = z.object({ engines }).parse(JSON.parse(read('package.json')));
  const lock = z.object({ packages: z.object({ '': z.object({ engines }) }) });
  expect(lock.parse(JSON.parse(read('package-lock.json'))).packages[''].engines).toEqual(manifest.engines);
  const words = `Node ${manifest.engines.node.replace('>=', '')} or newer`;
  for (const path of ['README.md', 'toolchain/setup/node-modules.sh', 'docs/library.md'])
    expect(read(path)).toContain(words);
});
