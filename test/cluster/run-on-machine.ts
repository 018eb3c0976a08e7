import { join } from 'node:path';
import { build } from 'esbuild';
import { connect } from '../../src/ssh/connect.ts';
import type { CommandResult } from '../../src/ssh/connection.ts';
import { writeFiles } from '../../src/ssh/write-files.ts';
import type { Stack } from './stack.ts';

/** Seconds for all tests of a file on an emulated machine. */
const patience = 600;

/**
 * Runs a file of tests of this folder on the machine, as root, by the machine's own Node.
 *
 * @returns what failed, as Node's runner tells it; empty when nothing did
 */
export async function runOnMachine(stack: Stack, machine: string, file: string): Promise<string> {
  const { connection } = await stack.outputs();
  const target = connection.machines.find(({ name }) => name === machine);
  if (!target) throw new Error(`the stack has no machine ${machine}`);
  const session = await connect({ ...target, privateKey: connection.privateKey });
  try {
    const path = `/tmp/${file}.cjs`;
    await session.exec(writeFiles([{ path, contents: await bundle(file), mode: '0644' }]));
    return failuresIn(
      await session.exec({
        argv: ['node', '--test-reporter=spec', path],
        root: true,
        timeout: patience,
      }),
    );
  } finally {
    await session.close();
  }
}

function failuresIn({ status, stdout, stderr }: CommandResult): string {
  if (status === 0) return '';
  const at = stdout.indexOf('failing tests:');
  return `exit status ${status}\n${at < 0 ? stdout : stdout.slice(at)}${stderr}`;
}

/** One file, CommonJS as `expect` is. */
async function bundle(file: string): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, file)],
    alias: { '@jest/globals': join(import.meta.dirname, 'node-jest.ts') },
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: 'tests.cjs',
    logLevel: 'silent',
  });
  const output = outputFiles[0];
  if (!output) throw new Error(`esbuild made no output for ${file}`);
  return Buffer.from(output.contents);
}
