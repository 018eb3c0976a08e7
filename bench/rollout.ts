import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../test/cluster/observe.ts';
import { createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { atMost, exactly } from './figures.ts';
import { since, succeed, takeDown } from './runs.ts';

const instances = [1, 2, 3, 4, 5];
/** Port 9001 and up on the machines, one for each instance, so that all can be asked at any moment. */
const published = Object.fromEntries(instances.map((instance) => [18_090 + instance, 9000 + instance]));
const urls = Object.keys(published).map((port) => `http://127.0.0.1:${port}`);

const page = (version: string) => `[Service]
RuntimeDirectory=web-%i
ExecStartPre=/bin/sh -c 'echo ${version} > /run/web-%i/index.html'
ExecStart=/usr/bin/busybox httpd -f -p 900%i -h /run/web-%i
`;

const lastWords = 'the disk is on fire';
const broken = `[Service]\nExecStart=/bin/sh -c 'echo ${lastWords}; exit 3'\n`;

/** Versions of a template with five instances on three machines that come and go. */
export const rolloutParts = ['good', 'bad', 'restarted'];

export const rollout: Benchmark = async (report, log, wants) => {
  const stack = createStack('rollout', {
    machines: { core: { count: 3, etcd: true, publish: published } },
    units: ['units/rollout'],
  });
  stack.mkdir('units/rollout');
  writeFileSync(
    join(stack.clone, 'units', 'rollout', 'units.yaml'),
    `instances: { web@.service: ${instances.length} }\n`,
  );
  write(stack, page('one'));
  try {
    await succeed(stack, ['stack', 'init'], log);
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    await until(60, () => allAnswer('one'));
    if (wants('good')) await goodVersion(stack, report, log);
    const before = wants('good') ? 'two' : 'one';
    const bad = (what: string, text: string) => badVersion(stack, { what, text, before }, report, log);
    if (wants('bad')) await bad('bad version', broken);
    const restarted = `${broken}Restart=always\nRestartSec=1\n`;
    if (wants('restarted')) await bad('bad version that systemd restarts', restarted);
  } finally {
    await takeDown(stack, log);
  }
};

function write(stack: Stack, text: string) {
  writeFileSync(join(stack.clone, 'units', 'rollout', 'web@.service'), text);
}

async function goodVersion(stack: Stack, report: Report, log: Log) {
  write(stack, page('two'));
  const watch = watchPages();
  const { seconds } = await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  await until(60, () => allAnswer('two'));
  const outage = await watch.end();
  report('good version: most instances unavailable at once', atMost(outage.most, 1, 'instances'));
  // Each instance is watched for five seconds before the next one; the rest is Pulumi, SSH and the machines.
  report('good version: up', atMost(seconds, 75, 's'));
}

/** `before` is the version that runs and has to come back. */
async function badVersion(
  stack: Stack,
  { what, text, before }: { readonly what: string; readonly text: string; readonly before: string },
  report: Report,
  log: Log,
) {
  write(stack, text);
  const watch = watchPages();
  const start = performance.now();
  const { status, output } = await stack.pulumi(['up', '--yes', '--skip-preview'], { log });
  await until(120, () => allAnswer(before));
  const { most, first, last } = await watch.end();
  log(
    `${what}: down from ${((first - start) / 1000).toFixed(1)} s to ${((last - start) / 1000).toFixed(1)} s`,
  );
  report(`${what}: most instances unavailable at once`, atMost(most, 1, 'instances'));
  report(`${what}: all restored, since the start of up`, atMost((last - start) / 1000, 30, 's'));
  report(`${what}: all restored, since the first was down`, atMost((last - first) / 1000, 30, 's'));
  report(`${what}: up ends in an error`, exactly(Number(status !== 0), 1, ''));
  report(`${what}: last journal lines shown`, exactly(Number(output.includes(lastWords)), 1, ''));
}

async function answer(url: string): Promise<string | undefined> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  return reply?.ok ? (await reply.text().catch(() => undefined))?.trim() : undefined;
}

async function allAnswer(version: string): Promise<boolean> {
  const answers = await Promise.all(urls.map(answer));
  return answers.every((text) => text === version);
}

interface Outage {
  /** The most instances that did not answer at one look. */
  readonly most: number;
  /** `performance.now()` of the first look at which one did not answer, and of the first at which all did again. */
  readonly first: number;
  readonly last: number;
}

/** Asks all instances at once, again and again. */
function watchPages(): { end(): Promise<Outage> } {
  const start = performance.now();
  let outage: Outage = { most: 0, first: start, last: start };
  let ended = false;
  const looking = (async () => {
    let down = 0;
    while (!ended) {
      const asked = performance.now();
      const before = down;
      const answers = await Promise.all(urls.map(answer));
      down = answers.filter((text) => text === undefined).length;
      const first = outage.most === 0 && down > 0 ? asked : outage.first;
      const last = before > 0 ? performance.now() : outage.last;
      outage = { most: Math.max(outage.most, down), first, last };
      await sleep(Math.max(0, 200 - since(asked) * 1000));
    }
  })();
  return {
    async end() {
      ended = true;
      await looking;
      return outage;
    },
  };
}
