import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { buildImage } from '../src/packaged-image/build.ts';
import { parseDefinition } from '../src/packaged-image/definition.ts';
import { KeyStore } from '../src/template/key-store.ts';
import { parseTemplate, render } from '../src/template/render.ts';
import { parseResource } from '../src/template/resource.ts';
import { until } from './cluster/observe.ts';
import { unpackImage } from './unpack-image.ts';

/** The nginx of images/nginx with what units/ingress makes of services, before instances that are processes here. */

/** Milliseconds; nginx's image is made of packages at the first time. */
const patience = 600_000;

const clients = 8;
const read = (path: string) => readFileSync(path, 'utf8');

let folder: string;
let running: ChildProcess[] = [];
let stopped = false;
let asking: Promise<unknown> = Promise.resolve();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-ingress-'));
  stopped = false;
});

afterEach(async () => {
  stopped = true;
  await asking;
  for (const child of running) {
    // nginx ends its workers, which a SIGKILL would leave; who was stopped has to go on to hear of it.
    for (const signal of ['SIGTERM', 'SIGCONT'] as const) child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  running = [];
  await rm(folder, { recursive: true, force: true });
});

/** Its queue is short, so that one that hangs takes no connections. */
const instance = `require('node:http').createServer((_, response) => response.end('shop'))
  .listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })`;

interface Instance {
  readonly child: ChildProcess;
  readonly address: string;
}

async function startInstance(): Promise<Instance> {
  const child = spawn(process.execPath, ['-e', instance], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [port] = await once(child.stdout, 'data');
  return { child, address: `127.0.0.1:${String(port).trim()}` };
}

/** Resolves with the path of its socket, once it answers. */
async function startNginx(instances: readonly Instance[]): Promise<string> {
  const root = join(folder, 'root');
  const log = () => undefined;
  const definition = parseDefinition('image.yaml', read('images/nginx/image.yaml'));
  await unpackImage(await buildImage(definition, { folders: ['images/nginx'], log }), root, log);
  await writeFile(
    join(root, 'nginx.conf'),
    configOf(instances).replaceAll('listen 80', 'listen unix:/nginx'),
  );
  const argv = [root, '/usr/sbin/nginx', '-e', 'stderr', '-c', '/nginx.conf'];
  // That it leaves an instance out is no news here.
  running.push(spawn('chroot', argv, { stdio: 'ignore' }));
  const socket = join(root, 'nginx');
  await until(30, async () => existsSync(socket));
  return socket;
}

function configOf(instances: readonly Instance[]): string {
  const file = 'units/ingress/nginx.conf.tmpl';
  const services = instances.map(
    ({ address }, at) => [`/flotilla/services/shop/core-${at}:shop.service`, address] as const,
  );
  const resource = parseResource('ingress.toml', read('units/ingress/ingress.toml'));
  const keys = new KeyStore([...services, ['/ingress/default', 'shop']], resource);
  return render(parseTemplate({ file, text: read(file) }), { keys });
}

function ask(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/', agent: false }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)));
    });
    request.on('error', (error) => resolve(error.message));
  });
}

/** Many at a time, without an end; gives the answers so far, counted. */
function keepAsking(socket: string): ReadonlyMap<string, number> {
  const answers = new Map<string, number>();
  const client = async () => {
    while (!stopped) {
      const answer = await ask(socket);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      await sleep(20);
    }
  };
  asking = Promise.all(Array.from({ length: clients }, client));
  return answers;
}

/** Until a hundred more were answered. */
async function hundredMore(answers: ReadonlyMap<string, number>): Promise<void> {
  const count = () => [...answers.values()].reduce((sum, each) => sum + each, 0);
  const enough = count() + 100;
  await until(60, async () => count() >= enough);
}

/** Two of them behind nginx, and clients that have had their first answers. */
async function startAll() {
  const instances = [await startInstance(), await startInstance()];
  const socket = await startNginx(instances);
  const answers = keepAsking(socket);
  await hundredMore(answers);
  return { instances, socket, answers };
}

test(
  'who is too busy for a while is asked again: nobody gets an error',
  async () => {
    const { instances, answers } = await startAll();
    for (const { child } of instances) child.kill('SIGSTOP');
    // Long enough for nginx to leave both of them out, and to ask each once more in vain for who comes then.
    await sleep(7000);
    for (const { child } of instances) child.kill('SIGCONT');
    await hundredMore(answers);
    expect([...answers.keys()]).toEqual(['200']);
  },
  patience,
);

test(
  'an instance that refuses is passed over',
  async () => {
    const { instances, socket } = await startAll();
    // Idle, so that no answer is cut off.
    stopped = true;
    await asking;
    instances[0]?.child.kill('SIGKILL');
    stopped = false;
    const after = keepAsking(socket);
    await hundredMore(after);
    expect([...after.keys()]).toEqual(['200']);
  },
  patience,
);
