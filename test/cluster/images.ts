import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { layoutFiles, sampleImage, writeArchive, writeFolder } from '../../src/image/sample-image.ts';
import { givenUp, onMachine, placements, until } from './observe.ts';
import type { Stack } from './stack.ts';

const size = 1024 * 1024;

/** Where the stack's own image lies in the copy, and what it is called. */
const own = { name: 'stacked:1', source: 'images/stacked' };

/** For the stack's config. */
export const ownImages = { [own.name]: own.source };

/** Of random bytes, which nothing on the way makes smaller. */
async function layer(stack: Stack, name: string): Promise<Buffer> {
  return readFileSync(await writeArchive(join(stack.clone, name), [[name, randomBytes(size)]]));
}

/** The image of `ownImages` with these layers, or another one. */
async function writeImage(stack: Stack, layers: readonly Buffer[], source = own.source): Promise<string> {
  const folder = join(stack.clone, source);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, '..'), { recursive: true });
  return writeFolder(folder, layoutFiles(sampleImage(layers)));
}

let below: Buffer;

/** Before the first `up`. @returns the digest of its layer */
export async function writeOwnImage(stack: Stack): Promise<string> {
  below = await layer(stack, 'below');
  await writeImage(stack, [below]);
  return digestOf(below);
}

/** One more layer for the image of `ownImages`. @returns its digest */
export async function growOwnImage(stack: Stack): Promise<string> {
  const above = await layer(stack, 'above');
  await writeImage(stack, [below, above]);
  return digestOf(above);
}

/** Digests of the layers of `ownImages`, as the machine's Docker has it. */
export function ownLayersOn(stack: Stack, machine: string): Promise<string> {
  return layersOn(stack, machine, own.name);
}

/** Digests of an image's layers, as the machine's Docker has it. */
function layersOn(stack: Stack, machine: string, name: string): Promise<string> {
  const inspect = ['docker', 'image', 'inspect', '--format', '{{json .RootFS.Layers}}', name];
  return onMachine(stack, machine, inspect);
}

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Machine id → digests of what it keeps, by what machines say of themselves. */
async function keepers(stack: Stack): Promise<string[][]> {
  const etcdctl = 'set -a; . /etc/flotilla/etcdctl.env; etcdctl get --prefix --print-value-only';
  const output = await onMachine(stack, 'core-1', ['sudo', 'sh', '-c', `${etcdctl} /flotilla/keepers/`]);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line).images);
}

/** Milliseconds between looks: one a second by SSH is half of an emulated machine, which has copies to make. */
const lookPause = 5000;

/** Machines that have the layer that all images here share. */
async function holders(stack: Stack, machines: readonly string[]): Promise<string[]> {
  const file = `/var/cache/flotilla/images/${digestOf(below)}`;
  const asked = machines.map(async (name) => {
    const answer = await onMachine(stack, name, [
      'sudo',
      'sh',
      '-c',
      `test -f ${file} && echo yes || echo no`,
    ]);
    return answer === 'yes' ? name : [];
  });
  return (await Promise.all(asked)).flat();
}

/**
 * Both images here are kept by two machines each, and their layer lies on as many machines as say that they keep one: each
 * image chooses its two by itself, so they may be three in all.
 */
async function areKeptTwice(stack: Stack, machines: readonly string[]): Promise<true> {
  const told = await keepers(stack);
  const counts = new Map<string, number>();
  for (const digest of told.flat()) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  const copies = [...counts.values()].join();
  if (copies !== '2,2') throw new Error(`the images are kept ${copies || 'no'} times, not 2,2`);
  const keeping = told.filter((images) => images.length > 0).length;
  const found = await holders(stack, machines);
  if (found.length !== keeping)
    throw new Error(`${keeping} machines keep images, ${found.join() || 'none'} has their layer`);
  return true;
}

interface Given {
  readonly stack: () => Stack;
  readonly cores: readonly string[];
}

/** A unit that proves by its start that its image is there. */
const imaged = (name: string, more = '') =>
  `[Service]\nExecStart=/bin/sh -ec "docker image inspect ${name}; exec sleep infinity"\n[X-Flotilla]\nImage=${name}\n${more}`;

/** Leaves `imaged.service` in the folder of units: the next `up` takes it into the stack. */
export function images({ stack, cores }: Given): void {
  describe('images', () => {
    test('pushed by hand come to every machine, each layer once from here; their unit starts then', async () => {
      const file = join(stack().clone, 'units', 'extra', 'imaged.service');
      writeFileSync(file, imaged('random:1', '[X-Fleet]\nGlobal=true\n'));
      const started = await stack().flotilla(['start', '--no-block', file]);
      expect([started.status, started.output]).toEqual([0, expect.anything()]);
      await until(givenUp, async () => {
        const { output } = await stack().look(['explain', 'imaged.service']);
        return output.includes('waits until random:1 is here');
      });
      const folder = await writeImage(stack(), [below, await layer(stack(), 'other')], 'images/random');
      const { status, output } = await stack().flotilla(['image', 'push', folder, 'random:1']);
      expect([status, output]).toEqual([
        0,
        expect.stringContaining('random:1 is on core-1, core-2, core-3;'),
      ]);
      expect(output).toMatch(/; 1(\.0)? MiB left this computer\./);
      await until(
        givenUp,
        async () => (await placements(stack()))['imaged.service']?.length === cores.length,
      );
      const { stdout: listed } = await stack().look(['image', 'list', '--no-legend']);
      expect(listed).toMatch(/^random:1 .* core-1,core-2,core-3 /m);
      expect(listed).not.toContain('127.0.0.1');
    });

    test('are kept by two machines each, and again by two when one of them loses all', async () => {
      await until(givenUp, () => areKeptTwice(stack(), cores), lookPause);
      const [first = ''] = await holders(stack(), cores);
      const loss = 'rm -rf /var/cache/flotilla/images; systemctl restart flotilla-agent';
      await onMachine(stack(), first, ['sudo', 'sh', '-c', loss]);
      await until(givenUp, () => areKeptTwice(stack(), cores), lookPause);
    });
  });
}

/** After a worker came without anybody pushing `random:1`. */
export function imagesOfLateJoiners({ stack }: Pick<Given, 'stack'>, machine: string): void {
  test('a machine that joins gets the images of its units from the others', async () => {
    expect((await placements(stack()))['imaged.service']).toContain(machine);
    expect(await layersOn(stack(), machine, 'random:1')).toContain(digestOf(below));
  });
}
