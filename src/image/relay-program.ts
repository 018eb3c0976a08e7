import { build } from 'esbuild';
import { sourceFile, sourceFolder } from '../model/own-files.ts';
import type { RelayConfig } from './relay-config.ts';

/**
 * The relay as one text that Node 20 runs from standard input, so that nothing of it lies on the machine: not the
 * program, and not the password and key of the push, which no process list shows either.
 */
export async function buildRelay(): Promise<(config: RelayConfig) => string> {
  const { outputFiles } = await build({
    entryPoints: [sourceFile('src/image/relay-main.ts')],
    absWorkingDir: sourceFolder,
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outfile: 'relay.mjs',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const program = outputFiles[0]?.text;
  if (program === undefined) throw new Error('esbuild made no output for the relay');
  return (config) => `globalThis.flotillaRelay=${JSON.stringify(config)};\n${program}`;
}
