import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Stack } from '../../test/cluster/stack.ts';
import type { Log } from '../benchmark.ts';
import { setUp } from '../set-up.ts';

/** The images of the closed network: which there are, and where each is brought first. */

const repository = join(import.meta.dirname, '..', '..');

/** Folders in images/, the largest first. */
const names = ['elasticsearch', 'webapp', 'filebeat', 'collector', 'histogram', 'nginx'];

export interface Layout {
  readonly folder: string;
  /** That it is pushed to. */
  readonly machine: string;
}

/**
 * Builds what is not in the cache. The largest goes where it is used, the others to one machine; the rest get theirs
 * from there when a unit needs it, by agents that run already: a push to all starts a relay on each.
 */
export async function buildImages(log: Log): Promise<readonly Layout[]> {
  await setUp('elk', log);
  const cache = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/root', '.cache');
  const files = join(cache, 'flotilla', 'elk');
  const output = await run('npm', ['run', '-s', 'images', '--', ...names, '--files', files], log);
  const folders = output.trim().split('\n');
  return folders.map((folder, at) => ({ folder, machine: at === 0 ? 'search-1' : 'core-1' }));
}

/** One after the other: a machine's Docker unpacks one at a time. */
export async function pushImages(stack: Stack, layouts: readonly Layout[], log: Log): Promise<void> {
  for (const layout of layouts) await push(stack, layout, log);
}

async function push(stack: Stack, { folder, machine }: Layout, log: Log): Promise<void> {
  const { status, output, stdout } = await stack.flotilla(['image', 'push', folder, '--machine', machine]);
  if (status !== 0) throw new Error(`image push ${folder} ended with ${status}: ${output}`);
  log(stdout.trim().split('\n').at(-1) ?? '');
}

/** Gives what was written to standard output. */
function run(program: string, args: readonly string[], log: Log): Promise<string> {
  const child = spawn(program, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', log);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(chunks.join(''));
      else reject(new Error(`${program} ${args.join(' ')} ended with ${status}`));
    });
  });
}
