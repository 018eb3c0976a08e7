import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { messageOf } from '../model/message-of.ts';
import { chooseAccelerator, explainClosed, kvmClosed, tryKvm } from '../qemu/accelerator.ts';
import { exists } from '../qemu/exists.ts';
import { gatherFacts } from '../qemu/host-facts.ts';
import { type ImageSource, imageCache, imageKey, readImage } from '../qemu/image.ts';
import { readNetwork } from '../qemu/network.ts';
import { listCache } from '../qemu/template-cache.ts';
import { ConnectionPool } from '../ssh/pool.ts';
import type { HttpAnswer, KvmState, Probes, Ran } from './probes.ts';

const quiet = { log: () => undefined };

/** The world as it is. */
export function thisComputer(environment: NodeJS.ProcessEnv = process.env): Probes {
  const pool = new ConnectionPool();
  return {
    nodeVersion: process.versions.node,
    environment,
    cpus: availableParallelism(),
    now: Date.now,
    run: (argv, signal) => runProgram(argv, environment, signal),
    readFile: (path) => readFile(path, 'utf8').catch(() => undefined),
    diskFree,
    portTaken,
    get,
    connect: (target, options) => pool.get(target, options),
    hostFacts: gatherFacts,
    kvm,
    heldPorts,
    async templateBytes() {
      const entries = await listCache(environment);
      return entries.filter(({ kind }) => kind === 'template').reduce((sum, { bytes }) => sum + bytes, 0);
    },
    close: () => pool.close(),
  };
}

/** The error of execFile: a number is the exit status, a word says why there was none. */
const failedRun = z.object({
  stdout: z.string(),
  stderr: z.string(),
  code: z.union([z.number(), z.string()]).nullish(),
});

async function runProgram(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Ran> {
  try {
    return { status: 0, ...(await promisify(execFile)(program, args, { env, signal })) };
  } catch (cause) {
    signal.throwIfAborted();
    const { data } = failedRun.safeParse(cause);
    if (data && typeof data.code === 'number')
      return { status: data.code, stdout: data.stdout, stderr: data.stderr };
    const why = data?.code === 'ENOENT' ? 'it is not there' : (data?.code ?? 'it was ended');
    throw new Error(`${program} can't be run: ${why}`);
  }
}

async function diskFree(folder: string): Promise<number> {
  if (!(await exists(folder)) && folder !== dirname(folder)) return diskFree(dirname(folder));
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function portTaken(port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return undefined;
  } catch (error) {
    const { code = messageOf(error) }: { readonly code?: unknown } = Object(error);
    return String(code);
  } finally {
    server.close();
  }
}

/** Redirects are an answer too: the token is for nobody else. */
async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await fetch(url, { headers, signal, redirect: 'manual' });
  const date = Date.parse(response.headers.get('date') ?? '');
  return {
    status: response.status,
    date: Number.isNaN(date) ? undefined : date,
    body: await response.text(),
  };
}

async function kvm(source: ImageSource): Promise<KvmState> {
  const closed = await kvmClosed();
  if (closed) return { accelerator: 'tcg', ...explainClosed(closed) };
  const image = await readImage(join(imageCache(), imageKey(source)));
  return image ? chooseAccelerator(image, quiet) : tryKvm(quiet);
}

async function heldPorts(stackFolder: string): Promise<readonly number[]> {
  const status = await readNetwork(stackFolder);
  return (status?.publish ?? []).filter(({ problem }) => problem === undefined).map(({ host }) => host);
}
