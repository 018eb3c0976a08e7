import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageCache } from '../src/qemu/image.ts';
import { readTemplate, templateCache } from '../src/qemu/template.ts';
import { leftovers } from '../test/cluster/observe.ts';
import { type Config, createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { atLeast, atMost, exactly } from './figures.ts';
import { answered, killedUp, killPoints, since, succeed, takeDown } from './runs.ts';
import { wakeThree } from './wake.ts';

const port = 18082;

function config(start: 'cold' | 'warm', workers = 0): Config {
  return {
    start,
    machines: {
      core: { count: 3, etcd: true, publish: { [port]: 8080 } },
      ...(workers > 0 ? { worker: { count: workers } } : {}),
    },
    units: ['units/hello'],
  };
}

const single = { machines: { core: { count: 1, etcd: true } }, units: [] };

interface Cache {
  readonly folder: string;
  readonly templates: string;
}

/** A cache of its own: the images of the user's, and no template. */
function emptyCache(): Cache {
  const folder = mkdtempSync(join(tmpdir(), 'fl-cache-'));
  mkdirSync(join(folder, 'flotilla'));
  symlinkSync(imageCache(), join(folder, 'flotilla', 'images'));
  return { folder, templates: templateCache({ XDG_CACHE_HOME: folder }) };
}

export const warmParts = ['starts', 'cycles', 'kills'];

/** The figures of the warm start, beside a boot in the same run. */
export const warm: Benchmark = async (report, log, wants) => {
  const cache = emptyCache();
  try {
    if (wants('starts')) await starts(cache, report, log);
    if (wants('cycles')) await cycles(cache.folder, report, log);
  } finally {
    rmSync(cache.folder, { recursive: true, force: true });
  }
  if (wants('kills')) await kills(report, log);
};

async function starts(cache: Cache, report: Report, log: Log) {
  const cold = await upOfThree(config('cold'), cache.folder, log);
  report('cold: up of 3 machines until hello answers', atMost(cold.seconds, 180, 's'));
  const first = await upOfThree(config('warm'), cache.folder, log);
  report('first use, template made on the way', atMost(first.seconds, cold.seconds + 15, 's'));
  report('template on disk', atMost(megabytesBelow(cache.templates), 600, 'MB'));
  await warmCluster(cold.seconds, cache.folder, report, log);
  await wakeThree(report, log);
}

async function upOfThree(wanted: Config, cache: string, log: Log): Promise<{ seconds: number }> {
  const stack = createStack('warm', wanted, { XDG_CACHE_HOME: cache });
  try {
    return { seconds: await untilHello(stack, log) };
  } finally {
    await takeDown(stack, log);
  }
}

async function untilHello(stack: Stack, log: Log): Promise<number> {
  await succeed(stack, ['stack', 'init'], log);
  const start = performance.now();
  await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  await answered(`http://127.0.0.1:${port}`, 60);
  return since(start);
}

async function warmCluster(cold: number, cache: string, report: Report, log: Log) {
  const stack = createStack('warm', config('warm'), { XDG_CACHE_HOME: cache });
  try {
    const seconds = await untilHello(stack, log);
    report('warm: up of 3 machines until hello answers', atMost(seconds, 75, 's'));
    report('warm, in per cent of the cold time', atMost((100 * seconds) / cold, 50, '%'));
    stack.configure(config('warm', 1));
    const more = await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    report('one more worker', atMost(more.seconds, 25, 's'));
  } finally {
    await takeDown(stack, log);
  }
}

/** Up and destroy, again and again, of a cluster of one machine. */
async function cycles(cache: string, report: Report, log: Log) {
  const rounds = 20;
  const stack = createStack('cycles', single, { XDG_CACHE_HOME: cache });
  const count = { failures: 0, fallbacks: 0, leftovers: 0 };
  try {
    await succeed(stack, ['stack', 'init'], log);
    for (let round = 1; round <= rounds; round++) {
      const up = await stack.pulumi(['up', '--yes', '--skip-preview'], {});
      const down = await stack.pulumi(['destroy', '--yes', '--skip-preview'], {});
      count.failures += Number(up.status !== 0) + Number(down.status !== 0);
      count.fallbacks += Number(up.output.includes('cold start'));
      count.leftovers += leftovers(stack).length;
      log(`cycle ${round}: up ${up.seconds.toFixed(1)} s, destroy ${down.seconds.toFixed(1)} s`);
    }
  } finally {
    await takeDown(stack, log);
  }
  for (const [what, times] of Object.entries(count))
    report(`${rounds} create–destroy cycles: ${what}`, exactly(times, 0, ''));
}

/** Moments of a kind of run at which it is killed, and the part of the run that they are spread over. */
const killCount = 6;
const making: [number, number] = [0.2, 1];
const waking: [number, number] = [0.1, 0.8];

/**
 * SIGKILL of the engine while the template is made and saved, then while machines wake from it. Each time the next
 * `up` starts from what was left. When to kill follows from how long the same runs take undisturbed.
 */
async function kills(report: Report, log: Log) {
  const cache = emptyCache();
  const stack = createStack('warmkill', single, { XDG_CACHE_HOME: cache.folder });
  let killed = 0;
  let halves = 0;
  const kill = async (seconds: number) => {
    const dead = await killedUp(stack, seconds);
    killed += Number(dead);
    halves += await halfTemplates(cache.templates);
    log(`${killed} kills, the last after ${seconds.toFixed(1)} s; ${halves} half templates`);
    return dead;
  };
  try {
    const first = await undisturbed(stack);
    const again = await undisturbed(stack);
    log(
      `up takes ${first.toFixed(1)} s with a template to be made, ${again.toFixed(1)} s with one that is there`,
    );
    rmSync(cache.templates, { recursive: true });
    for (const seconds of killPoints(first, killCount, making)) {
      // A run that was faster has made the template.
      if (await kill(seconds)) continue;
      await succeed(stack, ['destroy', '--yes', '--skip-preview'], () => undefined);
      rmSync(cache.templates, { recursive: true });
    }
    await succeedUp(stack, 'the template', report, log);
    for (const seconds of killPoints(again, killCount, waking)) {
      await stack.pulumi(['destroy', '--yes', '--skip-preview'], {});
      await kill(seconds);
    }
    await succeedUp(stack, 'a start', report, log);
    report('kills while a template was made or a machine woke', atLeast(killed, 10, 'kills'));
    report('half templates under the name of a whole one', exactly(halves, 0, ''));
    await stack.pulumi(['destroy', '--yes', '--skip-preview'], { log });
    report('processes and files left after the kills', exactly(leftovers(stack).length, 0, 'things'));
  } finally {
    await takeDown(stack, log);
    rmSync(cache.folder, { recursive: true, force: true });
  }
}

/** Seconds of an `up` from nothing, which is nothing again afterwards. */
async function undisturbed(stack: Stack): Promise<number> {
  const { status, seconds, output } = await stack.up();
  if (status !== 0) throw new Error(`up ended with ${status}:\n${output}`);
  await succeed(stack, ['destroy', '--yes', '--skip-preview'], () => undefined);
  return seconds;
}

async function succeedUp(stack: Stack, what: string, report: Report, log: Log) {
  const { status, output } = await stack.up({ log });
  report(`up after the kills of ${what}: exit status`, exactly(status ?? 1, 0, ''));
  report(`up after the kills of ${what}: fallbacks`, exactly(Number(output.includes('cold start')), 0, ''));
}

async function halfTemplates(folder: string): Promise<number> {
  const names = listed(folder).filter((name) => !name.endsWith('.lock') && !name.endsWith('.part'));
  const whole = await Promise.all(names.map((name) => readTemplate(join(folder, name))));
  return whole.filter((template) => template === undefined).length;
}

/** As du(1) counts: blocks, since files of memory have holes. */
function megabytesBelow(folder: string): number {
  const files = listed(folder).flatMap((name) =>
    listed(join(folder, name)).map((file) => join(folder, name, file)),
  );
  return files.reduce((sum, file) => sum + statSync(file).blocks * 512, 0) / 1e6;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
