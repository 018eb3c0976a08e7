import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import * as z from 'zod';
import { connect } from '../src/ssh/connect.ts';
import { writeFiles } from '../src/ssh/write-files.ts';
import { onMachine, pidOf, until } from '../test/cluster/observe.ts';
import { type Config, createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { atLeast, atMost, exactly, median } from './figures.ts';
import { succeed, takeDown } from './runs.ts';

/** A shop behind the ingress on three machines: its configuration changes, its instances come and go, a machine dies. */
export const ingressParts = ['change', 'rollout', 'loss'];

const requests = 10_000;
const concurrency = 8;

const config = (...units: string[]): Config => ({
  machines: { core: { count: 3, etcd: true } },
  templateKeys: ['/ingress/'],
  units: ['units/shop', ...units],
});

export const ingress: Benchmark = async (report, log, wants) => {
  const stack = createStack('ingress', config());
  stack.mkdir('units/shop');
  write(stack, 'one', 3);
  try {
    const layout = await imageOf('nginx', stack, log);
    await succeed(stack, ['stack', 'init'], log);
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    await begin(stack, layout, log);
    if (wants('change')) await change(stack, report, log);
    if (wants('rollout')) await rollout(stack, report, log);
    if (wants('loss')) await loss(stack, report, log);
  } finally {
    await takeDown(stack, log);
  }
};

function write(stack: Stack, version: string, instances: number) {
  const folder = join(stack.clone, 'units', 'shop');
  writeFileSync(join(folder, 'units.yaml'), `instances: { app@.service: ${instances} }\n`);
  writeFileSync(
    join(folder, 'app@.service'),
    `[Service]
RuntimeDirectory=app-%i
ExecStartPre=/bin/sh -c 'echo shop ${version} %i > /run/app-%i/index.html'
ExecStart=/usr/bin/busybox httpd -f -p 9000 -h /run/app-%i

[X-Fleet]
Conflicts=app@*.service

[X-Flotilla]
Service=app
Port=9000
Ready=http :9000
ReadyTimeout=5s
`,
  );
}

/** nginx's image comes to the machines, then the ingress; the shop is what it shows. */
async function begin(stack: Stack, layout: string, log: Log) {
  const push = await stack.flotilla(['image', 'push', layout]);
  log(push.output);
  if (push.status !== 0) throw new Error('the image could not be pushed');
  stack.configure(config('units/ingress'));
  await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  await onMachine(stack, 'core-1', ['sh', '-c', `${etcdctl}; etcdctl put /ingress/default app`]);
  const [byDefault, byPath] = ['http://127.0.0.1/', 'http://127.0.0.1/app/'];
  const byName = ['--next', '-fsS', '-H', 'Host: app.example.com', byDefault];
  const asked = ['curl', '-fsS', byDefault, byPath, ...byName];
  for (const machine of ['core-1', 'core-2', 'core-3'])
    await until(60, async () => (await onMachine(stack, machine, asked)).split('\n').length === 3);
  log((await stack.flotilla(['services'])).output);
  log(await onMachine(stack, 'core-1', ['cat', '/etc/ingress/nginx.conf']));
}

const etcdctl = 'set -a; . /etc/flotilla/etcdctl.env';

async function imageOf(name: string, { clone }: Stack, log: Log): Promise<string> {
  const child = spawn(process.execPath, ['toolchain/images.ts', name], { cwd: clone, stdio: 'pipe' });
  child.stderr.setEncoding('utf8').on('data', log);
  let said = '';
  for await (const text of child.stdout.setEncoding('utf8')) said += text;
  if (said.trim() === '') throw new Error(`the image ${name} could not be built`);
  return said.trim();
}

/**
 * From the moment at which the key is in etcd. The shell asks by itself: a program that is started for each question takes
 * the processor that agent and nginx are to have.
 */
const changes = `${etcdctl}
status() { exec 3<> /dev/tcp/127.0.0.1/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3; }
exec 4<> <(:)
for round in 1 2 3 4 5; do for value in none:404 app:200; do
  etcdctl put /ingress/default "\${value%:*}" > /dev/null
  start=\${EPOCHREALTIME/./}
  until status; [ "$status" = "\${value#*:}" ]; do read -rt 0.05 -u 4; done
  echo $(((\${EPOCHREALTIME/./} - start) / 1000))
  sleep 3
done; done`;

async function change(stack: Stack, report: Report, log: Log) {
  const times = (await onMachine(stack, 'core-2', ['bash', '-c', changes])).split('\n').map(Number);
  log(`a key until nginx runs by it, ms: ${times.join(' ')}`);
  report('a key changes until nginx runs by it, median of 10', atMost(median(times) / 1000, 2, 's'));
  report('a key changes until nginx runs by it, longest of 10', atMost(Math.max(...times) / 1000, 2, 's'));
}

async function rollout(stack: Stack, report: Report, log: Log) {
  const load = await startLoad(stack, requests);
  write(stack, 'two', 3);
  await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  for (const instances of [2, 3]) {
    write(stack, 'two', instances);
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  }
  const { sent, failed, longest } = await load.end(log);
  report('requests while a service is rolled out and scaled', atLeast(sent, requests, 'requests'));
  report('of these failed', exactly(failed, 0, 'requests'));
  report('of these the longest', atMost(longest / 1000, 5, 's'));
}

async function loss(stack: Stack, report: Report, log: Log) {
  const load = await startLoad(stack, 0);
  await sleep(10_000);
  process.kill(pidOf(stack, 'core-3'), 'SIGKILL');
  await sleep(40_000);
  const { sent, failed } = await load.end(log);
  log(`${sent} requests while a machine was lost`);
  report('a machine is lost: failed requests', atMost(failed, concurrency, 'requests'));
}

const outcomeSchema = z.object({
  sent: z.int(),
  seconds: z.number(),
  longest: z.number(),
  failed: z.int(),
  failures: z.array(z.object({ at: z.number(), reason: z.string() })),
});

const end = '/tmp/ingress-load.end';

/** On core-1, through its own ingress: what is between is nginx alone. */
async function startLoad(stack: Stack, count: number) {
  const { connection } = await stack.outputs();
  const target = connection.machines.find(({ name }) => name === 'core-1');
  if (!target) throw new Error('the stack has no machine core-1');
  const session = await connect({ ...target, privateKey: connection.privateKey });
  const path = '/tmp/ingress-load.mjs';
  await session.exec(writeFiles([{ path, contents: await program(), mode: '0644' }]));
  await session.exec({ argv: ['rm', '-f', end] });
  const argv = ['node', path, 'http://127.0.0.1/', String(count), String(concurrency), end];
  const running = session.exec({ argv, timeout: 900 });
  return {
    async end(log: Log) {
      await session.exec({ argv: ['touch', end] });
      const { stdout, stderr } = await running;
      log(`${stdout}${stderr}`);
      await session.close();
      return outcomeSchema.parse(JSON.parse(stdout));
    },
  };
}

async function program(): Promise<Buffer> {
  const entryPoints = [join(import.meta.dirname, 'ingress-load.ts')];
  const { outputFiles } = await build({
    ...{ entryPoints, bundle: true, write: false, logLevel: 'silent' },
    ...{ platform: 'node', target: 'node20', format: 'esm', outfile: 'load.mjs' },
  });
  const [output] = outputFiles;
  if (!output) throw new Error('esbuild made no output');
  return Buffer.from(output.contents);
}
