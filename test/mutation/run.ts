/**
 * `npm run mutations [-- NUMBER…]`: breaks one rule after the other in a copy of the work tree and runs the tests that
 * guard it. A rule whose tests stay green has none. Some 5 minutes on two cores.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Rule } from './rule.ts';
import { rules } from './rules.ts';

const root = join(import.meta.dirname, '..', '..');
const left = ['node_modules', '.git', '.flotilla'];
const copy = mkdtempSync(join(tmpdir(), 'flotilla-mutations-'));
process.once('exit', () => rmSync(copy, { recursive: true, force: true }));

cpSync(root, copy, { recursive: true, filter: (path) => !left.includes(relative(root, path)) });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

/** Whether a test noticed. A run that can't even begin does not count. */
function noticed({ file, from, to, tests }: Rule): boolean {
  const path = join(copy, file);
  const right = readFileSync(path, 'utf8');
  try {
    writeFileSync(path, right.replace(from, to));
    return !passes(tests);
  } finally {
    writeFileSync(path, right);
  }
}

function passes(tests: readonly string[]): boolean {
  const jest = ['--no-warnings', join('node_modules', 'jest', 'bin', 'jest.js')];
  const args = [...jest, '--bail', '--silent', ...tests];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  if (!/^Tests: .*\d/m.test(stderr)) throw new Error(`jest ran no test of ${tests.join(', ')}:\n${stderr}`);
  return status === 0;
}

const chosen = process.argv.slice(2).map(Number);
const all = rules.filter((_, at) => chosen.length === 0 || chosen.includes(at + 1));
const suites = [...new Set(all.flatMap(({ tests }) => tests))];
if (!passes(suites)) {
  console.log('The tests fail before anything is broken: nothing can be told from them.');
  process.exit(1);
}
const unnoticed = all.filter((rule) => {
  const red = noticed(rule);
  console.log(`${red ? 'red   ' : 'GREEN '} ${rule.broken} (${rule.file})`);
  return !red;
});
console.log(`${all.length - unnoticed.length} passed, ${unnoticed.length} failed`);
process.exitCode = unnoticed.length === 0 && all.length > 0 ? 0 : 1;
