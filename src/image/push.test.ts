import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '../ssh/connect.ts';
import type { Connection } from '../ssh/connection.ts';
import { startTestServer, type TestServer } from '../ssh/test-server.ts';
import { hexOf } from './digest.ts';
import { FakeDocker } from './fake-docker.ts';
import { blobsOf, type Image } from './image.ts';
import { look, type PushMachine } from './look.ts';
import { type PushEvent, type PushOutcome, push } from './push.ts';
import { imageInMemory, sampleImage } from './sample-image.ts';

interface Machine extends PushMachine {
  readonly docker: FakeDocker;
  readonly server: TestServer;
  readonly cache: string;
  readonly connections: Connection[];
}

let folder: string;
let machines: Machine[];
let events: PushEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-push-'));
  events = [];
  machines = [await startMachine('core-1'), await startMachine('core-2'), await startMachine('worker-1')];
});

afterEach(async () => {
  for (const { docker, server, connections } of machines) {
    await Promise.all(connections.map((connection) => connection.close()));
    docker.close();
    await server.close();
  }
  await rm(folder, { recursive: true });
});

/** A machine with an SSH server, real relays and a Docker that pulls, which all are on 127.0.0.1. */
async function startMachine(name: string, forwarding = true): Promise<Machine> {
  const home = join(folder, name);
  await mkdir(home);
  await writeFile(join(home, 'sudo'), '#!/bin/sh\nshift 2\nexec "$@"\n', { mode: 0o755 });
  const path = `${home}:${dirname(process.execPath)}:${process.env.PATH}`;
  const { server, target } = await startTestServer({ env: { ...process.env, PATH: path }, forwarding });
  const docker = await new FakeDocker(join(home, 'docker.sock')).listen();
  const cache = join(home, 'cache', 'images');
  const connections: Connection[] = [];
  let dialed: Promise<Connection> | undefined;
  const user = process.getuid?.() === 0 ? 'root' : target.user;
  return {
    ...{ name, address: '127.0.0.1', docker, server, cache, connections },
    places: { docker: docker.socket, cache },
    connect: () => {
      dialed ??= connect({ ...target, name, user }, { deadline: 2 }).then((connection) => {
        connections.push(connection);
        return connection;
      });
      return dialed;
    },
  };
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
    machines.push(await startMachine('worker-2'));
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
    const file = join(seed?.cache ?? '', hexOf(image.layers[0]?.digest ?? ''));
    const { size } = await stat(file);
    expect(size).toBeGreaterThan(900_000);
    const outcome = await pushed(image);
    expect(outcome.sent.get(image.layers[0]?.digest ?? '')).toBe(base.length - size);
    expect(outcome.failed).toEqual(new Map());
  });

  test('a blob that was kept with other bytes is fetched anew', async () => {
    const image = imageInMemory(sampleImage([base]));
    await pushed(image);
    const [seed] = machines;
    const file = join(seed?.cache ?? '', hexOf(image.layers[0]?.digest ?? ''));
    await truncate(file, 10);
    await writeFile(file, 'something else', { flag: 'r+' });
    machines.push(await startMachine('worker-2'));
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
    expect(kept.sort()).toEqual([...blobsOf(image).map(({ digest }) => hexOf(digest)), 'names'].sort());
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
    first?.docker.close();
    await first?.server.close();
    machines[0] = await startMachine('core-0', false);
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
      } as Machine & { asked: number };
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
