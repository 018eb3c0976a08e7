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

const manifest: Record<string, Record<string, string>> = JSON.parse(read('package.json'));
const namesIn = (list: string) => Object.keys(manifest[list] ?? {});
/** Whoever uses the package brings them; the clone brings its own. */
const peers = namesIn('peerDependencies');

test.each([
  ['On your computer', [...namesIn('dependencies'), ...peers]],
  ['For the clone', namesIn('devDependencies').filter((name) => !peers.includes(name))],
])('docs/dependencies.md, "%s": has a row for each and no other', (heading, wanted) => {
  expect(rowsOf(heading)).toEqual(wanted.sort());
});

test('docs/dependencies.md names the Go modules that build the CLI and what tests need', () => {
  expect(rowsOf('Go')).toEqual(['toolchain/ignition', 'toolchain/language-nodejs', 'toolchain/pulumi']);
  for (const folder of rowsOf('Go')) {
    const [, tool = 'none'] = /^tool (\S+)$/m.exec(read(`${folder}/go.mod`)) ?? [];
    expect(page).toContain(`\`${tool}\``);
  }
});
