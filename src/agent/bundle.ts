import { createHash } from 'node:crypto';
import { type BuildOptions, build } from 'esbuild';
import { sourceFile, sourceFolder } from '../model/own-files.ts';

export interface Bundle {
  readonly bytes: Buffer;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * The agent as one file, `agent.mjs`, that Node runs without anything installed beside it: 18.17 at least, with which
 * `AbortSignal.any` came (src/hosts/preflight.ts refuses older ones). Deterministic: the same sources and locked
 * dependencies give the same bytes in any folder on any machine.
 */
export async function buildBundle(entry = sourceFile('src/agent/main.ts')): Promise<Bundle> {
  const signerThread = await bundleSignerThread();
  const bytes = await bundled(entry, {
    // Text, which no agent reads as code that never signs anything.
    define: { signerThread: JSON.stringify(signerThread) },
    // Its name says that it is an ES module (an agent of an earlier version is replaced under that name).
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
  });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** What a `ThreadSigner` runs. */
export async function bundleSignerThread(): Promise<string> {
  return `${await bundled(sourceFile('src/agent/signer-thread.ts'))}`;
}

async function bundled(entry: string, more: BuildOptions = {}): Promise<Buffer> {
  const { outputFiles } = await build({
    ...more,
    entryPoints: [entry],
    absWorkingDir: sourceFolder,
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    target: 'node18',
    // An ES module that imports node:http has Node read all that it exports, WebSocket too: undici is loaded for that,
    // which is a fifth of a start in Node 22, and under --jitless it throws since it finds no WebAssembly.
    format: 'cjs',
    outfile: 'agent.mjs',
    legalComments: 'none',
    // What dbus-native reads introspection with, which nobody here asks for: 100 KiB of code, 2 MB of memory.
    external: ['xml2js'],
    logLevel: 'silent',
    // A module that looks for its own folder would find none on a machine, and end the agent at its start.
    logOverride: { 'empty-import-meta': 'error' },
  });
  const output = outputFiles?.[0];
  if (!output) throw new Error(`esbuild made no output for ${entry}`);
  return Buffer.from(output.contents);
}
