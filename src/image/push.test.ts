import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, hexOf } from './digest.ts';
import { blobsOf, type Image } from './image.ts';
import { look } from './look.ts';
import { type PushEvent, type PushOutcome, push } from './push.ts';
import { imageInMemory, sampleImage } from './sample-image.ts';
import { startMachine, type TestMachine } from './test-machine.ts';

let folder: string;
let machines: TestMachine[];
let events: PushEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-push-'));
  events = [];
  machines = [
    await startMachine(folder, 'core-1'),
    await startMachine(folder, 'core-2'),
    await startMachine(folder, 'worker-1'),
  ];
});

afterEach(async () => {
  for (const machine of machines) await machine.stop();
  await rm(folder, { recursive: true });
});

/** From now on relays are the programs that machines get. */
async function replaceMachines(): Promise<void> {
  for (const machine of machines) await machine.stop();
  const names = ['core-3', 'core-4'];
  machines = await Promise.all(names.map((name) => startMachine(folder, name, { programs: true })));
}

async function pushed(image: Image, signal = new AbortController().signal): Promise<PushOutcome> {
  const candidates = await look(machines, signal);
  const onEvent = (event: PushEvent) => events.push(event);
  return push(image, machines, candidates, { name: 'team/app:1', signal, onEvent });
}

function sum(outcome: PushOutcome): number {
  return [...outcome.sent.values()].reduce((total, bytes) => total + bytes, 0);
}

const base = randomBytes(3_000_000);

describe('a push', () => {
  test('brings the image to all machines, and each blob leaves this computer once', async () => {
    const image = imageInMemory(sampleImage([base, 'second', randomBytes(1_000_000)]));
    const outcome = await pushed(image);
    expect(outcome.failed).toEqual(new Map());
    expect(outcome.sent).toEqual(new Map(blobsOf(image).map(({ digest, size }) => [digest, size])));
    for (const { docker } of machines) {
      expect([...docker.names]).toEqual([['team/app:1', image.config.digest]]);
      expect(docker.fetched).toHaveLength(5);
    }
    expect(new Set(events.flatMap((each) => (each.kind === 'sent' ? [each.machine] : [])))).toEqual(
      new Set(['core-1']),
    );
    expect(await readdir(machines[1]?.cache ?? '').catch(() => [])).toEqual([]);
  });

  test('does so with relays as the programs that machines get', async () => {
    await replaceMachines();
    const image = imageInMemory(sampleImage([base, 'second']));
    const outcome = await pushed(image);
    expect(outcome.failed).toEqual(new Map());
    expect(outcome.sent).toEqual(new Map(blobsOf(image).map(({ digest, size }) => [digest, size])));
    for (const { docker } of machines)
      expect([...docker.names]).toEqual([['team/app:1', image.config.digest]]);
  });

  test('sends only what changed the second time, and nothing the third', async () => {
    await pushed(imageInMemory(sampleImage([base, 'first version'])));
    const layer = randomBytes(200_000);
    const image = imageInMemory(sampleImage([base, layer]));
    expect(sum(await pushed(image))).toBeLessThan(1.1 * layer.length);
    expect(sum(await pushed(image))).toBe(0);
    for (const { docker } of machines) expect(docker.names.get('team/app:1')).toBe(image.config.digest);
  });

  test('a machine that comes later gets it from one that has kept it, and nothing leaves this computer', async () => {
    const image = imageInMemory(sampleImage([base, 'second']));
    await pushed(image);
    machines.push(await startMachine(folder, 'worker-2'));
    expect(sum(await pushed(image))).toBe(0);
    expect(machines[3]?.docker.names.get('team/app:1')).toBe(image.config.digest);
  });

  test('goes on where the last one was cut off, in the middle of a layer', async () => {
    const image = imageInMemory(sampleImage([base]));
    const stop = new AbortController();
    const slow = {
      ...image,
      open: (digest: string, span?: { start: number; end: number }) => stuck(image.open(digest, span), stop),
    };
    await expect(pushed(slow, stop.signal)).rejects.toThrow('enough');
    const [seed] = machines;
    const hex = hexOf(image.layers[0]?.digest ?? '');
    const [left = ''] = (await readdir(seed?.cache ?? '')).filter((file) => file.startsWith(hex));
    const { size } = await stat(join(seed?.cache ?? '', left));
    expect(size).toBeGreaterThan(900_000);
    const outcome = await pushed(image);
    expect(outcome.sent.get(image.layers[0]?.digest ?? '')).toBe(base.length - size);
    expect(outcome.failed).toEqual(new Map());
  });

  test('two pushes at once to one seed both end well, and leave whole blobs', async () => {
    // Two relays of one process would take each other's unfinished files for their own.
    await replaceMachines();
    const images = ['one', 'two'].map((layer) => imageInMemory(sampleImage([base, layer])));
    const candidates = await look(machines);
    const { signal } = new AbortController();
    const onEvent = (event: PushEvent) => events.push(event);
    const outcomes = await Promise.all(
      images.map((image, number) =>
        push(image, machines, candidates, { name: `app:${number}`, signal, onEvent }),
      ),
    );
    expect(outcomes.map(({ failed }) => failed)).toEqual([new Map(), new Map()]);
    const cache = machines[0]?.cache ?? '';
    const kept = (await readdir(cache)).filter((file) => file !== 'names');
    const all = images.flatMap((image) => [image.manifest, ...blobsOf(image)]);
    expect(kept.sort()).toEqual([...new Set(all.map(({ digest }) => hexOf(digest)))].sort());
    for (const file of kept) expect(digestOf(await readFile(join(cache, file)))).toBe(`sha256:${file}`);
  }, 30_000);

  test('a blob that was kept with other bytes is fetched anew', async () => {
    const image = imageInMemory(sampleImage([base]));
    await pushed(image);
    const [seed] = machines;
    const file = join(seed?.cache ?? '', hexOf(image.layers[0]?.digest ?? ''));
    await writeFile(file, 'something else', { flag: 'r+' });
    machines.push(await startMachine(folder, 'worker-2'));
    const first = await pushed(image);
    // Docker itself asks again; the fake does not.
    expect([...first.failed.keys()]).toEqual(['worker-2']);
    expect((await pushed(image)).failed).toEqual(new Map());
  });

  test('blobs that no image has any more are removed from the folder for them', async () => {
    await pushed(imageInMemory(sampleImage([base, 'first version'])));
    const image = imageInMemory(sampleImage(['quite another']));
    await pushed(image);
    const kept = await readdir(machines[0]?.cache ?? '');
    const all = [image.manifest, ...blobsOf(image)];
    expect(kept.sort()).toEqual([...all.map(({ digest }) => hexOf(digest)), 'names'].sort());
  });

  test('a machine that is away, and one whose Docker refuses, take nothing from the others', async () => {
    const [, second, third] = machines;
    await second?.server.close();
    if (third) third.docker.refusal = 'no space left on device';
    const image = imageInMemory(sampleImage([base]));
    const outcome = await pushed(image);
    expect([...outcome.failed.keys()].sort()).toEqual(['core-2', 'worker-1']);
    expect(outcome.failed.get('worker-1')).toBe('no space left on device');
    expect(machines[0]?.docker.names.get('team/app:1')).toBe(image.config.digest);
  }, 60_000);

  test('another machine is the seed where sshd lets nothing lead here', async () => {
    const [first] = machines;
    await first?.stop();
    machines[0] = await startMachine(folder, 'core-0', { forwarding: false });
    const image = imageInMemory(sampleImage([base]));
    const outcome = await pushed(image);
    expect(outcome.failed.get('core-0')).toContain('AllowTcpForwarding');
    expect(events.find(({ kind }) => kind === 'reseed')).toMatchObject({ machine: 'core-0', seed: 'core-2' });
    expect(outcome.sent.get(image.layers[0]?.digest ?? '')).toBe(base.length);
  });

  test('a machine that does not reach the seed gets its layers from here', async () => {
    const [first] = machines;
    // Its relay answers there; the others dial an address at which nobody does.
    if (first)
      machines[0] = {
        ...first,
        get address() {
          return this.asked++ === 0 ? '127.0.0.1' : '127.0.0.2';
        },
        asked: 0,
      } as TestMachine & { asked: number };
    const image = imageInMemory(sampleImage([base]));
    const outcome = await pushed(image);
    expect(outcome.failed).toEqual(new Map());
    expect(outcome.sent.get(image.layers[0]?.digest ?? '')).toBe(3 * base.length);
  });
});

/** The first million bytes; then the push is stopped, as by Ctrl-C. */
function stuck(stream: Readable, stop: AbortController): Readable {
  return Readable.from(
    (async function* () {
      for await (const chunk of stream) {
        yield chunk.subarray(0, 1_000_000);
        if (chunk.length < 1_000_000) continue;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        stop.abort(new Error('enough'));
        return;
      }
    })(),
  );
}
