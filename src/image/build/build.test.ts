import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '../../ssh/connect.ts';
import type { Connection } from '../../ssh/connection.ts';
import { startTestServer, type TestServer } from '../../ssh/test-server.ts';
import { FakeDocker } from '../fake-docker.ts';
import { look, type PushMachine } from '../look.ts';
import { planPush } from '../plan.ts';
import { type PushOutcome, push } from '../push.ts';
import { sampleImage } from '../sample-image.ts';
import { buildOn } from './build.ts';
import { takeBuilt } from './built-image.ts';
import { readContext } from './context.ts';
import type { BuildRequest } from './docker-build.ts';
import { FakeBuilder } from './fake-builder.ts';
import { lookForRooms, type Room } from './room.ts';

interface Machine extends PushMachine {
  readonly docker: FakeDocker;
  readonly server: TestServer;
  readonly home: string;
  readonly connections: Connection[];
}

const room: Room = { memory: 100 * 2 ** 20, disk: 2 ** 30, built: [] };
const request: BuildRequest = {
  ...{
    name: 'team/app:1',
    dockerfile: 'Dockerfile',
    target: 'last',
    buildArgs: { VERSION: '2' },
    cache: true,
  },
};

let folder: string;
let machines: Machine[];
let builder: FakeBuilder;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-build-'));
  output = '';
  await mkdir(join(folder, 'context'));
  await writeFile(join(folder, 'context', 'Dockerfile'), 'FROM hello\n');
  machines = [await startMachine('core-1'), await startMachine('core-2'), await startMachine('worker-1')];
  builder = new FakeBuilder(at(1).docker, sampleImage(['base', 'x'.repeat(200_000)]));
  builder.hasNetwork = (name) => existsSync(join(at(1).home, name));
});

afterEach(async () => {
  for (const { docker, server, connections } of machines) {
    await Promise.all(connections.map((connection) => connection.close()));
    docker.close();
    await server.close();
  }
  await rm(folder, { recursive: true });
});

function at(number: number): Machine {
  const machine = machines[number];
  if (machine === undefined) throw new Error(`there is no machine ${number}`);
  return machine;
}

/** Programs write down how they were called; a network is a file. */
const programs: Readonly<Record<string, string>> = {
  sudo: 'shift 2\nexec "$@"',
  iptables: 'echo "iptables $*" >> "$HOME/calls"',
  ip6tables: 'echo "ip6tables $*" >> "$HOME/calls"',
  docker: `echo "docker $*" >> "$HOME/calls"
for last in "$@"; do :; done
case "$1 $2" in "network create") : > "$HOME/$last" ;; "network rm") rm "$HOME/$last" ;;
"network inspect") [ -e "$HOME/$last" ] ;; esac`,
};

async function startMachine(name: string): Promise<Machine> {
  const home = join(folder, name);
  await mkdir(home);
  for (const [program, body] of Object.entries(programs))
    await writeFile(join(home, program), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const path = `${home}:${dirname(process.execPath)}:${process.env.PATH}`;
  const { server, target } = await startTestServer({ env: { ...process.env, PATH: path, HOME: home } });
  const docker = await new FakeDocker(join(home, 'docker.sock')).listen();
  const connections: Connection[] = [];
  let dialed: Promise<Connection> | undefined;
  const user = process.getuid?.() === 0 ? 'root' : target.user;
  return {
    ...{ name, address: '127.0.0.1', docker, server, home, connections },
    places: { docker: docker.socket, cache: join(home, 'cache', 'images') },
    connect: () => {
      dialed ??= connect({ ...target, name, user }, { deadline: 2 }).then((connection) => {
        connections.push(connection);
        return connection;
      });
      return dialed;
    },
  };
}

async function built(signal = new AbortController().signal, online = true): Promise<string> {
  const context = await readContext(join(folder, 'context'), 'Dockerfile');
  const onOutput = (text: string) => {
    output += text;
  };
  const options = { request, online, machines: ['10.77.0.11', '10.77.0.12'], signal, onOutput };
  return buildOn(at(1), room, context.open(), options);
}

async function shared(id: string): Promise<PushOutcome> {
  const { signal } = new AbortController();
  const image = await takeBuilt(at(1), request.name, id, signal);
  const options = { name: request.name, signal, onEvent: () => undefined };
  return push(image, machines, await look(machines, signal), options);
}

const calls = async () => (await readFile(join(at(1).home, 'calls'), 'utf8')).trim().split('\n');

/** The network is the last to come and the first to go, so that steps are never without the rules. */
async function nothingIsLeft() {
  for (let tries = 0; tries < 100; tries += 1) {
    const all = await calls();
    if (all.at(-1)?.includes('--delete OUTPUT')) break;
    await sleep(100);
  }
  expect((await readdir(at(1).home)).filter((file) => file.startsWith('flotilla-build'))).toEqual([]);
  const all = (await calls()).map((call) => call.replace(/ --wait --table raw/, ''));
  const changes = (from: string, to: string) =>
    all.filter((call) => call.includes(from)).map((call) => call.replace(from, to));
  expect(changes('--delete ', '--insert ').sort()).toEqual(changes('--insert ', '--insert ').sort());
}

/** A build whose connection is lost while it runs. */
async function cutOff() {
  builder.endless = true;
  const running = built();
  while (output === '') await sleep(20);
  at(1).server.cutConnections();
  await expect(running).rejects.toThrow('Lost the connection to core-2');
  await nothingIsLeft();
}

describe('a build', () => {
  test('is made of the folder on one machine, and comes to all others from there', async () => {
    const id = await built();
    expect(id).toBe(builder.id);
    expect(output).toContain('Step 1/1 : FROM hello\n');
    const [asked] = builder.builds;
    expect(asked?.files).toEqual(new Map([['Dockerfile', 'FROM hello\n']]));
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      ...{ t: 'team/app:1', dockerfile: 'Dockerfile', target: 'last', buildargs: '{"VERSION":"2"}' },
      ...{ rm: '1', forcerm: '1', nocache: '0', cpushares: '256' },
      ...{
        memory: '94371840',
        memswap: '94371840',
        networkmode: expect.stringMatching(/^flotilla-build-[0-9a-f]{8}$/),
      },
    });
    const outcome = await shared(id);
    expect(outcome.failed).toEqual(new Map());
    expect(outcome.sent).toEqual(new Map());
    for (const { docker } of machines) expect(docker.names.get('team/app:1')).toBe(id);
  });

  test('that came to the same takes nothing out of Docker again and sends no layer', async () => {
    await shared(await built());
    const fetched = machines.map(({ docker }) => docker.fetched.length);
    const outcome = await shared(await built());
    expect(outcome).toEqual({ failed: new Map(), sent: new Map() });
    expect(machines.map(({ docker }) => docker.fetched.length)).toEqual(fetched);
    expect(builder.saved).toBe(1);
  });

  test('is shared from where it was built, although it was built with what others have as well', async () => {
    const id = await built();
    const { signal } = new AbortController();
    const image = await takeBuilt(at(1), request.name, id, signal);
    const plan = planPush(image, request.name, await look(machines, signal));
    expect(plan).toMatchObject({ seed: 'core-2', bytes: 0 });
    expect(plan.steps.map(({ action, from }) => [action, from])).toEqual([
      ...[
        ['pull', 'core-2'],
        ['keep', undefined],
        ['pull', 'core-2'],
      ],
    ]);
  });

  test('runs behind rules that are there before its network, and gone after it', async () => {
    await built();
    await nothingIsLeft();
    const all = await calls();
    const position = (text: string) => all.findIndex((call) => call.includes(text));
    const created = position('docker network create');
    expect(position('--insert PREROUTING --in-interface fb-')).toBeLessThan(created);
    for (const place of ['10.77.0.11', '10.77.0.12', '169.254.0.0/16', '10.0.0.0/8'])
      expect(all[position(`--destination ${place} --jump DROP`)]).toMatch(/--append fb-[0-9a-f]{8} /);
    expect(position('--insert OUTPUT --match cgroup')).toBeLessThan(created);
  });

  test('without a network gets none', async () => {
    await built(undefined, false);
    expect(builder.builds[0]?.query.get('networkmode')).toBe('none');
    await nothingIsLeft();
  });

  test('that fails names the step and leaves nothing', async () => {
    builder.output = ['Step 1/2 : FROM hello\n', 'Step 2/2 : RUN make\n', 'no rule\n'];
    builder.failure = 'The command returned a non-zero code: 2';
    await expect(built()).rejects.toThrow(
      'at step 2/2, RUN make: The command returned a non-zero code: 2\n  | no rule',
    );
    await nothingIsLeft();
  });

  test('ends on the machine with Ctrl-C', async () => {
    builder.endless = true;
    const stop = new AbortController();
    const running = built(stop.signal);
    while (output === '') await sleep(20);
    stop.abort(new Error('interrupted'));
    await expect(running).rejects.toThrow('interrupted');
    await nothingIsLeft();
    expect(builder.cancelled).toBe(1);
  });

  test('ends on the machine when the connection is lost', async () => {
    await cutOff();
    expect(builder.cancelled).toBe(1);
  });

  test('leaves nothing either when all of its programs on the machine are ended at once', async () => {
    const slow = (programs.docker ?? '').replace(': > "$HOME/$last"', ': > "$HOME/$last"; sleep 5');
    await writeFile(join(at(1).home, 'docker'), `#!/bin/sh\n${slow}\n`);
    await cutOff();
  });

  test('does not begin where its steps could not be confined', async () => {
    await writeFile(join(at(1).home, 'iptables'), '#!/bin/sh\necho "no such match" >&2\nexit 2\n');
    await expect(built()).rejects.toThrow('hold-build-network on core-2 ended with status 2: no such match');
    expect(builder.builds).toEqual([]);
  });

  test('that Docker refuses says why', async () => {
    const { route } = at(1).docker;
    at(1).docker.route = (asked, response) => {
      if (!asked.url?.startsWith('/build')) return route?.(asked, response) ?? false;
      response.writeHead(400).end('{"message":"invalid reference format"}');
      return true;
    };
    await expect(built()).rejects.toThrow('invalid reference format');
    await nothingIsLeft();
  });

  test('knows where earlier ones were, and the room that each machine has', async () => {
    await shared(await built());
    await at(2).server.close();
    const { signal } = new AbortController();
    const rooms = await lookForRooms(machines, await look(machines, signal), signal);
    expect(rooms.map(({ room }) => typeof room === 'string' || room.built)).toEqual([
      [],
      ['team/app:1'],
      true,
    ]);
    expect(rooms[0]?.room).toMatchObject({ memory: expect.any(Number), disk: expect.any(Number) });
  }, 60_000);
});
