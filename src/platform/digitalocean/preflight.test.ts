import { describe, expect, test } from '@jest/globals';
import { DropletSlug, Region } from '@pulumi/digitalocean/types/enums/index.js';
import { digitaloceanSchema, regions } from '../../config/digitalocean.ts';
import { stackSchema } from '../../config/schema.ts';
import { InvalidInput, type Problem } from '../../model/problem.ts';
import { planCluster } from '../../plan/plan.ts';
import { preflight } from './preflight.ts';
import { sizes } from './sizes.ts';

const core = { count: 1, etcd: true };
const token = { stack: 'prod', config: { 'digitalocean:token': 'secret' }, environment: {} };

interface Given {
  readonly group?: object;
  readonly digitalocean?: object;
  readonly network?: string;
}

function check(given: Given, credentials: Parameters<typeof preflight>[2] = token) {
  const settings = digitaloceanSchema.parse({
    region: 'fra1',
    sshFrom: ['203.0.113.7'],
    ...given.digitalocean,
  });
  const spec = stackSchema.parse({
    platform: 'digitalocean',
    digitalocean: settings,
    machines: { core, w: { count: 2, ...given.group } },
    ...(given.network ? { network: given.network } : {}),
  });
  return preflight(planCluster('dev', spec), settings, credentials);
}

function problemsOf(...given: Parameters<typeof check>): readonly Problem[] {
  try {
    check(...given);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

/** The slug of the group's machines. */
const sizeOf = (given: Given) => check(given).find(({ machine }) => machine.group === 'w')?.size.slug;

describe('the size of a group', () => {
  test.each<[object, object, string]>([
    [{}, {}, 's-1vcpu-1gb'],
    [{ memory: 512 }, {}, 's-1vcpu-512mb-10gb'],
    [{ memory: 512 }, { region: 'lon1' }, 's-1vcpu-1gb'],
    [{ memory: 512, disk: 20 }, {}, 's-1vcpu-1gb'],
    [{ memory: 1025 }, {}, 's-1vcpu-2gb'],
    [{ cpus: 2 }, {}, 's-2vcpu-2gb'],
    [{ cpus: 3, memory: 4096 }, {}, 's-4vcpu-8gb'],
    [{ memory: 16384 }, {}, 'm-2vcpu-16gb'],
    [{ cpus: 9 }, {}, 'c-16'],
    [{ cpus: 32, memory: 262144 }, {}, 'm-32vcpu-256gb'],
    [{}, { size: 's-4vcpu-8gb' }, 's-4vcpu-8gb'],
    [{}, { size: 's-4vcpu-8gb', sizes: { w: 'c-4-intel' } }, 'c-4-intel'],
    [{ cpus: 2, memory: 8192, disk: 200 }, { sizes: { w: 'gd-2vcpu-8gb' } }, 'gd-2vcpu-8gb'],
  ])('%j with %j is %s', (group, digitalocean, slug) => expect(sizeOf({ group, digitalocean })).toBe(slug));

  test('has what was asked for, whatever that is, and no cheaper one has', () => {
    for (const [index, { cpus, memory, disk, slug }] of sizes.entries()) {
      const chosen = sizeOf({ group: { cpus, memory, disk } });
      const place = sizes.findIndex((each) => each.slug === chosen);
      expect([slug, place <= index, (sizes[place]?.memory ?? 0) >= memory]).toEqual([slug, true, true]);
    }
  });

  test.each<[string, object, object, Readonly<Record<string, unknown>>]>([
    [
      'none is large enough',
      { cpus: 64, memory: 524288 },
      {},
      { path: 'flotilla:machines.w', problem: expect.stringContaining('64 CPUs, 524288 MiB') },
    ],
    [
      'a slug with a slip of the pen',
      {},
      { sizes: { w: 's-2vcpu-4bg' } },
      {
        path: 'flotilla:digitalocean.sizes.w',
        problem: 's-2vcpu-4bg is no size that is known',
        fix: expect.stringContaining('did you mean s-2vcpu-4gb?'),
      },
    ],
    [
      'too little memory and too few CPUs',
      { cpus: 4, memory: 4096 },
      { sizes: { w: 's-2vcpu-2gb' } },
      {
        path: 'flotilla:digitalocean.sizes.w',
        problem: 's-2vcpu-2gb has 2 of the 4 CPUs and 2048 of the 4096 MiB of memory that w asks for',
        fix: 'use s-4vcpu-8gb, or ask for less in flotilla:machines.w',
      },
    ],
    [
      'too small a disk, read off the slug of a size that is not listed',
      { disk: 200 },
      { sizes: { w: 's-2vcpu-4gb-120gb-intel' } },
      { problem: 's-2vcpu-4gb-120gb-intel has 120 of the 200 GiB of disk that w asks for' },
    ],
    [
      'a size that the region lacks',
      { memory: 512 },
      { region: 'lon1', sizes: { w: 's-1vcpu-512mb-10gb' } },
      { problem: 's-1vcpu-512mb-10gb is not to be had in lon1', fix: expect.stringContaining('nyc1, fra1') },
    ],
  ])('%s: refused, once for all its machines', (_, group, digitalocean, problem) => {
    expect(problemsOf({ group, digitalocean })).toEqual([expect.objectContaining(problem)]);
  });

  const named = (slug: string) => ({ sizes: { w: slug } });

  const sold = Object.values(DropletSlug).filter((slug) => slug.includes('-'));

  test.each(sold)('%s is taken', (slug) => {
    expect(sizeOf({ group: { memory: 512, disk: 4 }, digitalocean: named(slug) })).toBe(slug);
  });

  // Those with graphics cards are named after the cards.
  test.each(sold.filter((slug) => !slug.startsWith('gpu-')))('CPUs and memory are read off %s', (slug) => {
    const [problem] = problemsOf({ group: { cpus: 256, memory: 1048576 }, digitalocean: named(slug) });
    expect(problem?.problem).toMatch(/has [1-9]\d* of the 256 CPUs and [1-9]\d+ of the 1048576 MiB/);
  });
});

describe('facts that the SDK has too', () => {
  test('sizes', () => {
    const known: readonly string[] = Object.values(DropletSlug);
    expect(sizes.filter(({ slug }) => !known.includes(slug))).toEqual([]);
  });

  test('regions; Atlanta is younger', () => {
    const known: readonly string[] = Object.values(Region);
    expect(regions.filter((region) => !known.includes(region))).toEqual(['atl1']);
  });
});

describe('the network', () => {
  test.each([
    ['10.244.0.0/16', /overlaps with 10\.244\.0\.0\/16, which is DigitalOcean's/],
    ['10.245.128.0/20', /overlaps with 10\.245/],
    ['10.246.0.0/20', /overlaps with 10\.246\.0\.0\/24/],
    ['10.229.3.0/24', /overlaps with 10\.229/],
    ['172.17.0.0/20', /overlaps with 172\.17\.0\.0\/16, which is Docker on every machine's/],
    ['10.0.0.0/8', /no size that a VPC can have/],
    ['192.168.1.0/28', /no size that a VPC can have/],
  ])('%s is refused', (network, problem) => {
    expect(problemsOf({ network })).toEqual([
      {
        path: 'flotilla:network',
        problem: expect.stringMatching(problem),
        fix: expect.stringMatching(/10\.77/),
      },
    ]);
  });

  test('what one region keeps is free in others', () => {
    const given = { network: '10.10.0.0/20' };
    expect(problemsOf({ ...given, digitalocean: { region: 'nyc1' } })).toHaveLength(1);
    expect(problemsOf(given)).toEqual([]);
  });

  test.each(['10.77.0.0/16', '10.77.0.0/20', '192.168.64.0/24'])('%s is taken', (network) => {
    expect(problemsOf({ network, group: { count: 200 } })).toEqual([]);
  });

  test('has to have room', () => {
    const spec = { network: '192.168.64.0/24', group: { count: 200 }, digitalocean: {} };
    expect(problemsOf(spec)).toEqual([]);
    const machines = { core, a: { count: 200 }, b: { count: 60 } };
    const settings = digitaloceanSchema.parse({ region: 'fra1', sshFrom: ['203.0.113.7'] });
    const plan = planCluster(
      'dev',
      stackSchema.parse({
        platform: 'digitalocean',
        digitalocean: settings,
        machines,
        network: spec.network,
      }),
    );
    expect(() => preflight(plan, settings, token)).toThrow(/has room for 251 machines, not for 261/);
  });
});

describe('credentials', () => {
  const none = { stack: 'prod', config: {}, environment: {} };

  test.each([
    ["Pulumi's config", token],
    ['the environment', { stack: 'prod', config: {}, environment: { DIGITALOCEAN_TOKEN: 'secret' } }],
    [
      'its other variable',
      { stack: 'prod', config: {}, environment: { DIGITALOCEAN_ACCESS_TOKEN: 'secret' } },
    ],
  ])('come from %s', (_, credentials) => expect(problemsOf({}, credentials)).toEqual([]));

  test('without any, the fix says where to get and to put them', () => {
    expect(problemsOf({}, none)).toEqual([
      {
        path: 'digitalocean:token',
        problem: 'there is no token for the API',
        fix: expect.stringMatching(
          /account\/api\/tokens.*config set --secret digitalocean:token --stack prod`.*DIGITALOCEAN_TOKEN/s,
        ),
      },
    ]);
  });

  test('everything that stands in the way comes at once', () => {
    const given = { network: '10.244.0.0/16', digitalocean: { size: 'huge' } };
    expect(problemsOf(given, none).map(({ path }) => path)).toEqual([
      'digitalocean:token',
      'flotilla:network',
      'flotilla:digitalocean.size',
    ]);
  });
});
