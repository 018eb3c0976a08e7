import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onMachine, pidOf, placement, placements } from '../test/cluster/observe.ts';
import { type Config, createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { drillKeys, drills } from './elk/drills.ts';
import { compare, promised, storedCount, storedMoreThan } from './elk/events.ts';
import { buildImages, pushImages } from './elk/images.ts';
import { atMost, exactly } from './figures.ts';
import { eventually, since, succeed, takeDown } from './runs.ts';

/** Ports on 127.0.0.1: nginx's, and that of the page with the histogram. */
const ports = { web: 18_085, page: 18_086 };

export const elkParts = ['life', 'story', 'drills'];

/** The sample of docs/elk.md, with images of packages, from no machine to counted events. */
export const elk: Benchmark = async (report, log, wants) => {
  const layouts = await buildImages(log);
  await makeTemplates(log);
  const stack = createStack('elk', {});
  await succeed(stack, ['stack', 'init'], log);
  const running: Promise<void>[] = [];
  try {
    const start = performance.now();
    stack.configure(config([]));
    await up(stack, log);
    log(`machines are up after ${Math.round(since(start))} s`);
    await blockEgress(stack);
    const deploy = async (...more: string[]) => {
      stack.configure(config(['units/elk', 'units/ingress', ...more]));
      await up(stack, log);
    };
    // Units wait for their images. Elasticsearch starts for as long as all others arrive, so its image comes first.
    const rest = [deploy(), pushImages(stack, layouts, log)];
    running.push(...rest);
    const ready = Promise.all(rest);
    // When one of them fails nothing will be stored any more.
    await Promise.race([storedMoreThan(stack, 0, 1800), ready.then(() => storedMoreThan(stack, 0, 300))]);
    report('from no machine until the first event is searchable', atMost(since(start), 480, 's'));
    await ready;
    log(`all units are ready after ${Math.round(since(start))} s`);
    await reachable(report);
    if (wants('story')) await story(stack, report, log);
    await allArrived(stack, report, log);
    if (!wants('drills')) return;
    await stack.flotilla(['start', 'traffic.service']);
    await drills({ stack, deploy }, report, log);
    await allArrived(stack, (what, figure) => report(`after the drills: ${what}`, figure), log);
  } finally {
    // Who takes machines away under a run of Pulumi is refused by its lock.
    await Promise.allSettled(running);
    await takeDown(stack, log);
  }
};

/** Of the machine with Elasticsearch. */
const large = { cpus: 2, memory: 2560 };

/** What somebody's first machines of these shapes leave in the cache, whatever runs on them then. */
async function makeTemplates(log: Log): Promise<void> {
  const machines = { core: { count: 1, etcd: true }, search: { count: 1, ...large } };
  const stack = createStack('elk-shapes', { machines, units: [] });
  await succeed(stack, ['stack', 'init'], log);
  try {
    await up(stack, log);
  } finally {
    await takeDown(stack, log);
  }
}

function config(units: readonly string[]): Config {
  return {
    machines: {
      core: { count: 2, etcd: true, metadata: { role: 'core' }, publish: { [ports.web]: 80 } },
      search: {
        ...{ count: 1, etcd: true, ...large },
        ...{ metadata: { role: 'search' }, publish: { [ports.page]: 5601 } },
      },
    },
    templateKeys: ['/ingress/', drillKeys],
    units,
  };
}

/** From here on a machine gets what SSH brings, and what the others have. eth1 is its way out (docs/local.md). */
async function blockEgress(stack: Stack): Promise<void> {
  const rules = ['OUTPUT', 'FORWARD'].map(
    (chain) => `iptables -I ${chain} -o eth1 -m conntrack --ctstate NEW -j REJECT`,
  );
  // An address that is nobody's (RFC 5737): the rule must have met what was sent there.
  const proof = `timeout 3 bash -c '< /dev/tcp/198.51.100.1/80' || true
iptables -L OUTPUT 1 -vnx | awk '{ met = $1 } END { exit met == 0 }'`;
  for (const machine of ['core-1', 'core-2', 'search-1'])
    await onMachine(stack, machine, ['sudo', 'sh', '-ec', [...rules, proof].join('\n')]);
}

const up = (stack: Stack, log: Log) => succeed(stack, ['up', '--yes', '--skip-preview'], log);

async function reachable(report: Report) {
  const web = await fetch(`http://127.0.0.1:${ports.web}/app/`);
  report('the application answers through the ingress', exactly(web.status, 200, 'status'));
  const histogram = await fetch(`http://127.0.0.1:${ports.page}/api/histogram`);
  report('the page has the histogram', exactly(histogram.status, 200, 'status'));
}

/** What happens to a system that runs: more, fewer, a machine dies, a new version. */
async function story(stack: Stack, report: Report, log: Log) {
  for (const count of [8, 3]) {
    const start = performance.now();
    scale(stack, count);
    await up(stack, log);
    const running = Object.keys(await placements(stack)).filter((unit) => unit.startsWith('app@'));
    report(`instances after scaling to ${count}`, exactly(running.length, count, 'instances'));
    log(`scaled to ${count} in ${Math.round(since(start))} s`);
  }
  await collectorLost(stack, report, log);
  await rollOut(stack, report, log);
}

function scale(stack: Stack, count: number) {
  const file = join(stack.clone, 'units', 'elk', 'units.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(app@\.service: )\d+/, `$1${count}`));
}

async function collectorLost(stack: Stack, report: Report, log: Log) {
  const machine = await placement(stack, 'logstash.service');
  log(`kills ${machine}, which has logstash.service`);
  const start = performance.now();
  process.kill(pidOf(stack, machine), 'SIGKILL');
  await eventually(600, async () => (await placement(stack, 'logstash.service')) !== machine);
  report('collector lost: it runs elsewhere', atMost(since(start), 120, 's'));
  const before = await storedCount(stack);
  await storedMoreThan(stack, before, 600);
  report('collector lost: events are stored again', atMost(since(start), 180, 's'));
  // The machine comes back with its disk, and with the lines that nobody has sent yet.
  await succeed(stack, ['up', '--yes', '--skip-preview', '--refresh'], log);
}

async function rollOut(stack: Stack, report: Report, log: Log) {
  const unit = join(stack.clone, 'units', 'elk', 'app@.service');
  const start = performance.now();
  writeFileSync(
    unit,
    readFileSync(unit, 'utf8').replace('--env INSTANCE=%i', '--env INSTANCE=%i --env VERSION=2'),
  );
  await up(stack, log);
  report('the application rolled out', atMost(since(start), 180, 's'));
  const text = await (await fetch(`http://127.0.0.1:${ports.web}/app/`)).text();
  report('the new version answers', exactly(Number(/version (\d+)/.exec(text)?.[1]), 2, ''));
}

/** Stops the visitors and waits until what is on the disks has arrived. */
async function allArrived(stack: Stack, report: Report, log: Log) {
  await stack.flotilla(['stop', 'traffic.service']);
  const ids = await promised(stack);
  let left = await compare(stack, ids);
  await eventually(120, async () => {
    left = await compare(stack, ids);
    return left.missing.length + left.gaps.length === 0;
  }).catch(() => log(`missing: ${left.missing.join(' ')}; gaps: ${left.gaps.join(' ')}`));
  log(
    `${ids.size} events were promised, ${left.stored} are stored, ${left.repeated} of them came more than once`,
  );
  report('events promised to visitors and not stored', exactly(left.missing.length, 0, 'events'));
  report('gaps in the numbers of stored events', exactly(left.gaps.length, 0, 'gaps'));
}
