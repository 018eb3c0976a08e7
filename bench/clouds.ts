import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bootIds } from '../test/cluster/observe.ts';
import { watchAnswers } from '../test/cluster/observe-units.ts';
import { type Config, createStack, type Stack } from '../test/cluster/stack.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { openAws } from './clouds/aws.ts';
import type { OpenCloud } from './clouds/cloud.ts';
import { openDigitalocean } from './clouds/digitalocean.ts';
import { etcdDisks } from './clouds/etcd-disks.ts';
import { faults } from './clouds/faults.ts';
import { hosts } from './clouds/hosts.ts';
import { apply, count, stayed, unchanged } from './clouds/steps.ts';
import { atMost, exactly } from './figures.ts';
import { answered, since, succeed, takeDown } from './runs.ts';
import { setUp } from './set-up.ts';

const port = 8080;
const cores = ['core-1', 'core-2', 'core-3'];
const workers = ['worker-1', 'worker-2'];

const platforms: Readonly<Record<string, OpenCloud>> = { aws: openAws, digitalocean: openDigitalocean };

/** All faults, and those of one cloud. */
const faultsOn = (platform: string) => `faults-${platform}`;

export const cloudsParts = [
  'start',
  'faults',
  ...Object.keys(platforms).map(faultsOn),
  ...Object.keys(platforms),
  'hosts',
];

/**
 * A cluster's life on the test clouds, whose machines boot here, and on hosts; what may go wrong there; and what a cloud's
 * SDK adds to a program's start.
 */
export const clouds: Benchmark = async (report, log, wants) => {
  if (wants('start')) await programStart(report);
  if (['faults', 'faults-aws', 'aws'].some(wants)) await setUp('cloud', log);
  await faults(report, log, (platform) => wants('faults') || wants(faultsOn(platform)));
  for (const [platform, open] of Object.entries(platforms))
    if (wants(platform)) await onCloud(platform, open, report, log);
  if (wants('hosts')) await hosts((what, figure) => report(`hosts: ${what}`, figure), log);
};

/** What the program loads before it declares anything: a process of its own for each, so that none is warm. */
async function programStart(report: Report): Promise<void> {
  for (const platform of Object.keys(platforms)) {
    const file = join(import.meta.dirname, '..', 'src', 'platform', platform, 'index.ts');
    const started = performance.now();
    await promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '--eval',
      `await import(${JSON.stringify(file)})`,
    ]);
    report(`program start with @pulumi/${platform}`, atMost(since(started), 3, 's'));
  }
}

async function onCloud(platform: string, open: OpenCloud, report: Report, log: Log): Promise<void> {
  const variables: NodeJS.ProcessEnv = { TEST_CLOUD_PACE: '0.001' };
  const stack = createStack('clouds', {}, variables);
  const cloud = await open({ folder: join(stack.clone, 'cloud'), ports: [port], log });
  try {
    Object.assign(variables, cloud.variables);
    stack.addPlugin(platform, cloud.plugin);
    const config = (count: number, generation = 1): Config => ({
      platform,
      ...cloud.settings,
      machines: {
        core: { count: 3, etcd: true, ...cloud.core, publish: { [port]: port } },
        worker: { count, generation },
      },
      units: ['units/hello'],
    });
    const told: Report = (what, figure) => report(`${platform}: ${what}`, figure);
    await live(stack, config, told, log);
    if ('etcdDisk' in cloud.core) await etcdDisks(stack, cores, told);
    await succeed(stack, ['destroy', '--yes', '--skip-preview'], log);
    told('left in the cloud after destroy', exactly(cloud.inventory().length, 0, 'things'));
  } finally {
    await takeDown(stack, log);
    await cloud.close();
  }
}

type ConfigOf = (workers: number, generation?: number) => Config;

async function live(stack: Stack, config: ConfigOf, report: Report, log: Log): Promise<void> {
  stack.configure(config(0));
  await succeed(stack, ['stack', 'init'], log);
  const began = performance.now();
  await succeed(stack, ['up', '--yes', '--skip-preview'], log);
  const url = await helloOn(stack);
  await answered(url, 60);
  // Three machines boot here, emulated where KVM is missing, with all that a cloud's image has cloud-init do.
  report('up of 3 machines until hello answers', atMost(since(began), 300, 's'));
  const boots = await bootIds(stack, cores);
  await unchanged(stack, report, log);

  const watched = watchAnswers(url);
  await apply(stack, config(2), log);
  report('workers after 0 → 2', exactly(await count(stack, workers), 2, 'machines'));
  const first = await bootIds(stack, workers);
  const rolled = await apply(stack, config(2, 2), log);
  const second = await bootIds(stack, workers);
  const replaced = second.filter((id) => !first.includes(id)).length;
  report('workers that a new generation replaced', exactly(replaced, 2, 'machines'));
  report('roll of 2 workers', atMost(rolled, 300, 's'));
  await apply(stack, config(0), log);
  report('workers after 2 → 0', exactly(await count(stack, workers), 0, 'machines'));
  const silent = (await watched.stop()).milliseconds / 1000;
  // Emulated machines that boot take what processors there are: an answer may take a second or two.
  report('hello silent while workers came, rolled and went', atMost(silent, 5, 's'));
  await stayed(stack, cores, boots, report);
}

/** At a machine on which an instance runs. */
async function helloOn(stack: Stack): Promise<string> {
  const { units, connection } = await stack.outputs();
  const [name] = units['hello@1.service'] ?? [];
  const machine = connection.machines.find((each) => each.name === name);
  if (!machine) throw new Error('hello@1.service has no machine');
  return `http://${machine.host}:${port}`;
}
