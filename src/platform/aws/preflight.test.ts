import { describe, expect, test } from '@jest/globals';
import { InstanceType } from '@pulumi/aws/types/enums/ec2/index.js';
import { Region } from '@pulumi/aws/types/enums/index.js';
import { awsSchema } from '../../config/aws.ts';
import { stackSchema } from '../../config/schema.ts';
import { InvalidInput, type Problem } from '../../model/problem.ts';
import { planCluster } from '../../plan/plan.ts';
import type { AwsCredentials } from './credentials.ts';
import { preflight } from './preflight.ts';
import { regions } from './regions.ts';
import { sizes } from './sizes.ts';

const core = { count: 1, etcd: true };
const inFrankfurt = { 'aws:region': 'eu-central-1' };
const somebody: AwsCredentials = {
  stack: 'prod',
  config: { ...inFrankfurt, 'aws:profile': 'somebody' },
  environment: {},
  exists: () => false,
};

interface Given {
  readonly group?: object;
  readonly aws?: object;
  readonly network?: string;
}

function check(given: Given, credentials = somebody) {
  const settings = awsSchema.parse({ sshFrom: ['203.0.113.7'], ...given.aws });
  const spec = stackSchema.parse({
    platform: 'aws',
    aws: settings,
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

/** The instance type of the group's machines. */
const typeOf = (given: Given) =>
  check(given).instances.find(({ machine }) => machine.group === 'w')?.size.type;

describe('the instance type of a group', () => {
  test.each<[object, object, string]>([
    [{}, {}, 't3.micro'],
    [{ memory: 512 }, {}, 't3.nano'],
    [{ memory: 1025 }, {}, 't3.small'],
    [{ cpus: 2, memory: 8192, disk: 500 }, {}, 't3.large'],
    [{ cpus: 3, memory: 4096 }, {}, 't3.xlarge'],
    [{ memory: 16384 }, {}, 'r6i.large'],
    [{ cpus: 9 }, {}, 'c6i.4xlarge'],
    [{ cpus: 128, memory: 1048576 }, {}, 'r6i.32xlarge'],
    [{}, { size: 't3a.small' }, 't3a.small'],
    [{}, { size: 't3a.small', sizes: { w: 'm7i-flex.large' } }, 'm7i-flex.large'],
  ])('%j with %j is %s', (group, aws, type) => expect(typeOf({ group, aws })).toBe(type));

  test('has what was asked for, whatever that is, and no cheaper one has', () => {
    for (const [index, { cpus, memory, type }] of sizes.entries()) {
      const place = sizes.findIndex((each) => each.type === typeOf({ group: { cpus, memory } }));
      expect([type, place <= index, (sizes[place]?.memory ?? 0) >= memory]).toEqual([type, true, true]);
    }
  });

  test.each<[string, object, object, Readonly<Record<string, unknown>>]>([
    [
      'none is large enough',
      { cpus: 192, memory: 524288 },
      {},
      { path: 'flotilla:machines.w', problem: expect.stringContaining('192 CPUs and 524288 MiB') },
    ],
    [
      'a type with a slip of the pen',
      {},
      { sizes: { w: 't3.smal' } },
      {
        path: 'flotilla:aws.sizes.w',
        problem: 't3.smal is no instance type that is known',
        fix: expect.stringContaining('did you mean t3.small?'),
      },
    ],
    [
      'too little memory and too few CPUs',
      { cpus: 4, memory: 4096 },
      { sizes: { w: 't3.small' } },
      {
        path: 'flotilla:aws.sizes.w',
        problem: 't3.small has 2 of the 4 CPUs and 2048 of the 4096 MiB of memory that w asks for',
        fix: 'use t3.xlarge, or ask for less in flotilla:machines.w',
      },
    ],
    [
      'too small a type that is not listed',
      { memory: 20000 },
      { sizes: { w: 'm5.xlarge' } },
      { problem: 'm5.xlarge has 16384 of the 20000 MiB of memory that w asks for' },
    ],
    [
      'Graviton',
      {},
      { sizes: { w: 't4g.small' } },
      { path: 'flotilla:aws.sizes.w', problem: expect.stringContaining('ARM'), fix: 'use t3.micro' },
    ],
  ])('%s: refused, once for all its machines', (_, group, aws, problem) => {
    expect(problemsOf({ group, aws })).toEqual([expect.objectContaining(problem)]);
  });

  /** What a refusal of nearly everything says that the type has. */
  function hardwareOf(type: string): string | undefined {
    const [problem] = problemsOf({ group: { cpus: 256, memory: 1048576 }, aws: { sizes: { w: type } } });
    return problem?.problem.replace(/ that w asks for$/, '');
  }

  test.each([
    ['t2.micro', '1 of the 256 CPUs and 1024'],
    ['t2.medium', '2 of the 256 CPUs and 4096'],
    ['t3a.2xlarge', '8 of the 256 CPUs and 32768'],
    ['c5.9xlarge', '36 of the 256 CPUs and 73728'],
    ['m7a.medium', '1 of the 256 CPUs and 4096'],
    ['r5dn.24xlarge', '96 of the 256 CPUs and 786432'],
    ['m6a.large', '2 of the 256 CPUs and 8192'],
  ])('CPUs and memory are read off %s', (type, hardware) =>
    expect(hardwareOf(type)).toBe(`${type} has ${hardware} of the 1048576 MiB of memory`),
  );

  test.each(['c5n.large', 'g5.xlarge', 'i3.large', 'm5.metal', 'x2iedn.xlarge'])(
    'what %s does not say counts as enough',
    (type) => expect(hardwareOf(type)).toBeUndefined(),
  );

  test.each(['a1.large', 'c7gn.medium', 'im4gn.large', 'm6gd.large', 'r8g.large', 'x2gd.large'])(
    '%s is ARM',
    (type) => expect(hardwareOf(type)).toMatch(/ARM/),
  );
});

describe('facts that the SDK has too', () => {
  test('instance types', () => {
    const known: readonly string[] = Object.values(InstanceType);
    expect(sizes.filter(({ type }) => !known.includes(type))).toEqual([]);
  });

  test('regions', () => {
    const known: readonly string[] = Object.values(Region);
    expect(regions.filter((region) => !known.includes(region))).toEqual([]);
  });
});

describe('the region', () => {
  const regionOf = (config: Record<string, string>) =>
    problemsOf({}, { ...somebody, config: { 'aws:profile': 'somebody', ...config } });

  test("is the config's alone", () => {
    const environment = { AWS_REGION: 'eu-central-1' };
    const problems = problemsOf({}, { ...somebody, config: { 'aws:profile': 'somebody' }, environment });
    expect(problems).toEqual([
      {
        path: 'aws:region',
        problem: 'is missing',
        fix: expect.stringMatching(/pulumi config set aws:region eu-central-1 --stack prod/),
      },
    ]);
  });

  test('that is not known is refused', () => {
    expect(regionOf({ 'aws:region': 'eu-centrl-1' })).toEqual([
      {
        path: 'aws:region',
        problem: 'eu-centrl-1 is no region that is known',
        fix: 'did you mean eu-central-1?',
      },
    ]);
  });

  test.each(regions)('%s is taken, with zones for three machines or two', (region) => {
    const config = { ...somebody.config, 'aws:region': region };
    const { instances, zones } = check({ group: { count: 3 } }, { ...somebody, config });
    expect(zones.length).toBeGreaterThanOrEqual(2);
    expect(new Set(instances.map(({ zone }) => zone)).size).toBe(zones.length);
  });
});

describe('the network', () => {
  test.each([
    ['172.17.0.0/20', /overlaps with 172\.17\.0\.0\/16, which is Docker's/],
    ['172.16.0.0/15', /no size that a VPC/],
    ['10.0.0.0/8', /no size that a VPC/],
    ['192.168.1.0/25', /no size that a VPC/],
  ])('%s is refused', (network, problem) => {
    expect(problemsOf({ network })).toEqual([
      {
        path: 'flotilla:network',
        problem: expect.stringMatching(problem),
        fix: expect.stringMatching(/10\.77/),
      },
    ]);
  });

  test.each(['10.77.0.0/16', '10.77.0.0/20', '10.244.0.0/16'])('%s is taken', (network) => {
    expect(problemsOf({ network, group: { count: 200 } })).toEqual([]);
  });

  test('has to have room in each zone, and for a load balancer', () => {
    const network = '192.168.64.0/24';
    expect(problemsOf({ network, group: { count: 77 } })).toEqual([]);
    expect(problemsOf({ network, group: { count: 82 } })).toMatchObject([
      {
        problem: `${network} has room for 27 machines in each zone, not for 29 in a`,
        fix: 'widen it, or name more zones in flotilla:aws.zones',
      },
    ]);
    expect(problemsOf({ network, group: { count: 81 }, aws: { loadBalancer: true } })).toMatchObject([
      { problem: expect.stringContaining('has room for 26') },
      { problem: expect.stringContaining('has room for 26') },
      { problem: expect.stringContaining('has room for 26') },
    ]);
  });
});

describe('credentials', () => {
  const from = (more: Partial<AwsCredentials>): AwsCredentials => ({
    stack: 'prod',
    config: { ...inFrankfurt, ...more.config },
    environment: more.environment ?? {},
    exists: more.exists ?? (() => false),
  });
  const keys = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };

  test.each<[string, Partial<AwsCredentials>]>([
    ["Pulumi's config", { config: { 'aws:accessKey': 'AKIA', 'aws:secretKey': 'secret' } }],
    ['a profile', { config: { 'aws:profile': 'work' } }],
    ['the environment', { environment: keys }],
    ["the environment's profile", { environment: { AWS_PROFILE: 'work' } }],
    ['a web identity, as in CI', { environment: { AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token' } }],
    ["the role of AWS's own machine", { config: { 'aws:skipMetadataApiCheck': 'false' } }],
    [
      "AWS's own file",
      { environment: { HOME: '/home/me' }, exists: (path) => path === '/home/me/.aws/credentials' },
    ],
    [
      'a file that is elsewhere',
      { environment: { AWS_CONFIG_FILE: '/etc/aws' }, exists: (path) => path === '/etc/aws' },
    ],
  ])('come from %s', (_, given) => expect(problemsOf({}, from(given))).toEqual([]));

  test('without any, the fix says where to put them', () => {
    expect(problemsOf({}, from({ environment: { HOME: '/home/me' } }))).toEqual([
      {
        path: 'aws:profile',
        problem: 'there are no credentials for the API',
        fix: expect.stringMatching(/aws configure.*AWS_ACCESS_KEY_ID.*aws:profile.*docs\/aws\.md/s),
      },
    ]);
  });

  test.each<[string, Partial<AwsCredentials>, string, string]>([
    ['config', { config: { 'aws:accessKey': 'AKIA' } }, 'aws:accessKey', 'aws:secretKey'],
    [
      'environment',
      { environment: { AWS_ACCESS_KEY_ID: 'A' } },
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
    ],
  ])('half of a pair in the %s is refused', (_, given, path, missing) => {
    expect(problemsOf({}, from(given))).toEqual([
      { path, problem: `is there without ${missing}`, fix: expect.stringContaining('give both') },
    ]);
  });

  test('everything that stands in the way comes at once', () => {
    const given = { network: '172.17.0.0/16', aws: { size: 'huge.one' } };
    expect(problemsOf(given, { ...somebody, config: {} })).toMatchObject(
      ['aws:region', 'aws:profile', 'flotilla:network', 'flotilla:aws.size'].map((path) => ({ path })),
    );
  });
});
