import { appendFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/model/message-of.ts';
import { agent, agentParts } from './agent.ts';
import type { Benchmark } from './benchmark.ts';
import { clouds, cloudsParts } from './clouds.ts';
import { cluster, clusterParts } from './cluster.ts';
import { elk, elkParts } from './elk.ts';
import { failover, failoverParts } from './failover.ts';
import type { Figure } from './figures.ts';
import { images, imagesParts } from './images.ts';
import { ingress, ingressParts } from './ingress.ts';
import { push, pushParts } from './push.ts';
import { rollout, rolloutParts } from './rollout.ts';
import { scheduler, schedulerParts } from './scheduler.ts';
import { templates, templatesParts } from './templates.ts';
import { warm, warmParts } from './warm.ts';

/** With the load average of the moment each was measured. */
type Figures = Record<string, Figure & { readonly load: number }>;

interface Entry {
  readonly does: string;
  readonly run: Benchmark;
  /** What can be asked for alone, so that a part can be repeated. */
  readonly parts: readonly string[];
}

const benchmarks: Readonly<Record<string, Entry>> = {
  agent: {
    does: 'what three idle agents cost: writes, wake-ups, CPU, memory',
    run: agent,
    parts: agentParts,
  },
  clouds: {
    does: 'a cluster on the test cloud: up, unchanged up, scale, roll, destroy; faults; program start with the SDKs',
    run: clouds,
    parts: cloudsParts,
  },
  cluster: {
    does: 'three local machines: up, scale, change, failover, kills, destroy',
    run: cluster,
    parts: clusterParts,
  },
  elk: {
    does: 'the sample of docs/elk.md: until the first event; events counted while it is scaled, rolled and a machine dies',
    run: elk,
    parts: elkParts,
  },
  failover: {
    does: 'machines that die, are cut off, lose etcd or have no CPU left: what becomes of their units',
    run: failover,
    parts: failoverParts,
  },
  images: {
    does: 'an image to three machines: bytes that leave this computer, at first and with one changed layer',
    run: images,
    parts: imagesParts,
  },
  ingress: {
    does: 'nginx before a service: how soon a key counts, requests while instances come and go and a machine dies',
    run: ingress,
    parts: ingressParts,
  },
  push: {
    does: 'one changed unit file to 100 hosts, beside pyinfra and Ansible',
    run: push,
    parts: pushParts,
  },
  rollout: {
    does: 'good and bad versions of a template with five instances',
    run: rollout,
    parts: rolloutParts,
  },
  scheduler: {
    does: 'decisions for 1000 machines and 1000, 10000 and 50000 units; placements through a real etcd',
    run: scheduler,
    parts: schedulerParts,
  },
  templates: { does: 'templates of 1000 keys rendered', run: templates, parts: templatesParts },
  warm: { does: 'starts from saved memory, beside a boot; cycles and kills', run: warm, parts: warmParts },
};

const [name = '', ...rest] = process.argv.slice(2);
const parts = rest.filter((argument) => !argument.startsWith('--'));
const chosen = benchmarks[name];
if (!chosen || parts.some((part) => !chosen.parts.includes(part))) {
  const list = Object.entries(benchmarks).map(
    ([key, { does, parts }]) => `  ${key}  ${does}\n    parts: ${parts.join(' ')}`,
  );
  console.log(`npm run -s bench -- NAME [PART…] [--json]\n${list.join('\n')}`);
  process.exit(name === '' ? 0 : 2);
}

// As in the agent: gRPC names servers by their addresses, of which Node warns.
process.noDeprecation = true;

const figures: Figures = {};
const started = new Date().toISOString();
const failure = await chosen
  .run(report, log, (part) => parts.length === 0 || parts.includes(part))
  .then(
    () => undefined,
    (error: unknown) => `Broken off: ${messageOf(error)}`,
  );
if (failure !== undefined) console.error(failure);
appendFileSync(join(import.meta.dirname, 'results.md'), table([name, ...parts].join(' '), started));
if (rest.includes('--json')) console.log(JSON.stringify(figures));
const met = Object.values(figures).every(({ ok }) => ok);
process.exit(met && failure === undefined ? 0 : 1);

function log(line: string) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${line.trimEnd()}`);
}

function report(metric: string, { value, unit, bar, ok }: Figure) {
  const load = round(loadavg()[0] ?? Number.NaN);
  figures[metric] = { value: round(value), unit, bar: round(bar), ok, load };
  console.error(
    `${ok ? 'ok  ' : 'MISS'} ${metric}: ${round(value)} ${unit} (bar ${round(bar)}, load ${load})`,
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function table(title: string, date: string): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`;
  const rows = Object.entries(figures).map(([metric, { value, unit, bar, ok, load }]) => {
    return `| ${metric} | ${value} ${unit} | ${bar} ${unit} | ${ok ? 'yes' : '**no**'} | ${load} |`;
  });
  return [
    `\n## ${title}, ${date}\n`,
    `${machine}\n`,
    ...(failure === undefined ? [] : [`${failure.split('\n')[0]}\n`]),
    '| what | measured | bar | met | load average |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
