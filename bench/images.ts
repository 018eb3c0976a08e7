import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutFiles, sampleImage, writeArchive, writeFolder } from '../src/image/sample-image.ts';
import { onMachine } from '../test/cluster/observe.ts';
import { createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log } from './benchmark.ts';
import { atMost, exactly } from './figures.ts';
import { since, succeed, takeDown } from './runs.ts';

const machines = ['core-1', 'core-2', 'core-3'];

/** Bytes of a layer: random ones, which nothing on the way makes smaller. */
const size = 8 * 1024 * 1024;

export const imagesParts = ['push'];

/** An image to three machines that have none, then another version of it that shares all layers but the last. */
export const images: Benchmark = async (report, log) => {
  const stack = createStack('images', { machines: { core: { count: machines.length, etcd: true } } });
  try {
    await succeed(stack, ['stack', 'init'], log);
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    const below = [await layer(stack, 'first'), await layer(stack, 'second')];
    for (const [version, changed, what] of [
      ['one', 3, 'an image of 3 layers of 8 MiB to 3 machines: sent'],
      ['two', 1, 'again with one changed layer of 8 MiB: sent'],
    ] as const) {
      const folder = join(stack.clone, `image-${version}`);
      await writeFolder(folder, layoutFiles(sampleImage([...below, await layer(stack, version)])));
      const { sent, seconds } = await push(stack, folder, `bench:${version}`, log);
      log(`bench:${version}: ${sent} bytes in ${seconds.toFixed(1)} s`);
      report(what, atMost(sent / 2 ** 20, (1.1 * changed * size) / 2 ** 20, 'MiB'));
      report(
        `bench:${version}: machines that can run it`,
        exactly(await holders(stack, version), 3, 'machines'),
      );
    }
    const { sent } = await push(stack, join(stack.clone, 'image-two'), 'bench:two', log);
    report('again with nothing changed: sent', atMost(sent / 2 ** 20, 1, 'MiB'));
  } finally {
    await takeDown(stack, log);
  }
};

async function layer({ clone }: Stack, name: string): Promise<Buffer> {
  return readFileSync(await writeArchive(join(clone, name), [[name, randomBytes(size)]]));
}

async function holders(stack: Stack, version: string): Promise<number> {
  const inspect = ['docker', 'image', 'inspect', '--format', '{{len .RootFS.Layers}}', `bench:${version}`];
  const layers = await Promise.all(machines.map((name) => onMachine(stack, name, inspect)));
  return layers.filter((count) => count === '3').length;
}

/** `sent` is all that the process has written, SSH's own bytes and its messages included, as the kernel counts it. */
async function push(
  stack: Stack,
  folder: string,
  name: string,
  log: Log,
): Promise<{ readonly sent: number; readonly seconds: number }> {
  const started = performance.now();
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  const onStart = (pid: number) => {
    timer = setInterval(() => {
      sent = written(pid) ?? sent;
    }, 20);
  };
  const { status, output } = await stack.flotilla(['image', 'push', folder, name], { onStart });
  clearInterval(timer);
  log(output);
  if (status !== 0) throw new Error(`flotilla image push ended with ${status}`);
  return { sent, seconds: since(started) };
}

/** proc_pid_io(5): `wchar` counts what went to sockets too. Nothing when the process has ended. */
function written(pid: number): number | undefined {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
