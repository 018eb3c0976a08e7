import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const main = JSON.stringify(join(import.meta.dirname, 'main.ts'));
const script = `const { main } = await import(${main}); process.exitCode = await main(process.argv.slice(1));`;

/** A process of its own, because that is what `main` is about. */
function flotilla(...args: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', script, '--', ...args],
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test('the process ends by itself, with the exit status of the command', async () => {
  expect(await flotilla('--help')).toMatchObject({ status: 0, stderr: '' });
  expect(await flotilla('list-units', '--fields', 'colour')).toMatchObject({ status: 2, stdout: '' });
});
