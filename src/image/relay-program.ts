import { build } from 'esbuild';
import { sourceFile, sourceFolder } from '../model/own-files.ts';
import type { RelayConfig } from './relay-config.ts';

/**
 * The relay as one text that Node 20 runs from standard input, so that nothing of it lies on the machine: not the
 * program, and not the password and key of the push, which no process list shows either.
 */
export async function buildRelay(): Promise<(config: RelayConfig) => string> {
  const program = await bundleProgram('src/image/relay-main.ts');
  return (config) => `globalThis.flotillaRelay=${JSON.stringify(config)};\n${program}`;
}

/** A program of this repository, with all that it imports, as one text that Node 20 runs from standard input. */
export async function bundleProgram(source: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [sourceFile(source)],
    absWorkingDir: sourceFolder,
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // Packages that are CommonJS ask for Node's own modules by it.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire('/');" },
    outfile: 'program.mjs',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const program = outputFiles[0]?.text;
  if (program === undefined) throw new Error(`esbuild made no output for ${source}`);
  return program;
}
