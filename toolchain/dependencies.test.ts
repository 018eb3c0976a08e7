import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const repository = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(repository, file), 'utf8');
const page = read('docs/dependencies.md');

/** The names in backquotes in the first column of a heading's table. */
function rowsOf(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const cells = section.match(/^\| `[^|]*/gm) ?? [];
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')).sort();
}

test.each([
  ['On your computer', 'dependencies'],
  ['For development', 'devDependencies'],
] as const)('docs/dependencies.md, "%s": has a row for each of %s and no other', (heading, list) => {
  const wanted: Record<string, Record<string, string>> = JSON.parse(read('package.json'));
  expect(rowsOf(heading)).toEqual(Object.keys(wanted[list] ?? {}).sort());
});

test('docs/dependencies.md names the Go modules that build the CLI', () => {
  expect(rowsOf('Go')).toEqual(['toolchain/language-nodejs', 'toolchain/pulumi']);
  for (const folder of rowsOf('Go')) {
    const [, tool = 'none'] = /^tool (\S+)$/m.exec(read(`${folder}/go.mod`)) ?? [];
    expect(page).toContain(`\`${tool}\``);
  }
});
