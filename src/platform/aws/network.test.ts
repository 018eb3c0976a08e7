import { beforeAll, describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { answerAws, lookUpAws } from '../../../test/contract/aws-answers.ts';
import { answerOwn } from '../../../test/contract/platform.ts';
import { known, runProgram } from '../../../test/contract/pulumi-program.ts';
import { stackSchema } from '../../config/schema.ts';
import { compare } from '../../model/compare.ts';
import { planCluster } from '../../plan/plan.ts';
import type { Machines } from '../platform.ts';
import { wholeStack } from '../scope.ts';
import { awsPlatform } from './index.ts';
import { hardwareWarnings } from './machines.ts';
import { balancerName } from './published.ts';
import { canonicalRange } from './security-groups.ts';

const core = { count: 3, etcd: true };

beforeAll(() => pulumi.runtime.setAllConfig({ 'aws:region': 'eu-central-1', 'aws:profile': 'somebody' }));

async function run(machines: object, more: object = {}, stack = 'dev', os = 'debian-13') {
  const aws = { sshFrom: ['203.0.113.7', '198.51.100.0/24'], ...more };
  const plan = planCluster(stack, stackSchema.parse({ platform: 'aws', os, aws, machines }));
  const { result, registered } = await runProgram<Machines>(
    () =>
      awsPlatform.createMachines(
        plan,
        pulumi.output('ssh-ed25519 AAAA operator'),
        pulumi.output('key'),
        wholeStack,
      ),
    (args) => (args.type.startsWith('flotilla:') ? answerOwn(args) : answerAws(args)),
    lookUpAws,
  );
  // They are registered in the order in which their inputs are known.
  const sorted = [...registered].sort((a, b) => compare(a.name, b.name));
  const ofKind = (kind: string) => sorted.filter(({ type }) => type.endsWith(`:${kind}`));
  const published = await Promise.all(result.published.map((each) => known(each)));
  return { result, registered, ofKind, published };
}

type Made = Awaited<ReturnType<typeof run>>;

const securityGroup = (part: string) => `SecurityGroup-flotilla-dev-${part}-1`;

/** Rules that let something into a security group, without their tags. */
function letInto({ ofKind }: Made, part: string): Record<string, unknown>[] {
  return ofKind('SecurityGroupIngressRule')
    .filter(({ inputs }) => inputs.securityGroupId === securityGroup(part))
    .map(({ inputs: { tags, securityGroupId, ...rule } }) => rule);
}

describe('the network', () => {
  test('a subnet in each zone, with a way out that is there before any machine', async () => {
    const { ofKind } = await run({ core });
    expect(ofKind('Vpc').map(({ inputs }) => inputs)).toEqual([
      {
        cidrBlock: '10.77.0.0/16',
        enableDnsHostnames: true,
        enableDnsSupport: true,
        tags: { Name: 'flotilla-dev', flotilla: 'dev' },
      },
    ]);
    expect(
      ofKind('Subnet').map(({ inputs: { availabilityZone, cidrBlock } }) => [availabilityZone, cidrBlock]),
    ).toEqual([
      ['eu-central-1a', '10.77.0.0/19'],
      ['eu-central-1b', '10.77.32.0/19'],
      ['eu-central-1c', '10.77.64.0/19'],
    ]);
    const ways = [...ofKind('Route'), ...ofKind('RouteTableAssociation')].map(({ urn }) => urn);
    expect(ways).toHaveLength(4);
    for (const { dependencies } of ofKind('Instance'))
      expect(dependencies).toEqual(expect.arrayContaining(ways));
  });

  test('machines of each group go round the zones', async () => {
    const { ofKind } = await run({ core: { count: 4 }, web: { count: 1 } }, { zones: ['c', 'a'] });
    expect(
      ofKind('Instance').map(({ name, inputs: { availabilityZone, subnetId } }) => [
        name,
        availabilityZone,
        subnetId,
      ]),
    ).toEqual([
      ['core-1', 'eu-central-1c', 'Subnet-flotilla-dev-c-1'],
      ['core-2', 'eu-central-1a', 'Subnet-flotilla-dev-a-1'],
      ['core-3', 'eu-central-1c', 'Subnet-flotilla-dev-c-1'],
      ['core-4', 'eu-central-1a', 'Subnet-flotilla-dev-a-1'],
      ['web-1', 'eu-central-1c', 'Subnet-flotilla-dev-c-1'],
    ]);
  });

  test('stays where it began, and its machines with it', async () => {
    const { ofKind } = await run({ core });
    expect(ofKind('Vpc').map(({ ignoreChanges }) => ignoreChanges)).toEqual([['cidrBlock']]);
    for (const { ignoreChanges, deleteBeforeReplace } of ofKind('Instance')) {
      expect(ignoreChanges).toEqual(
        expect.arrayContaining(['availabilityZone', 'subnetId', 'instanceType', 'rootBlockDevice']),
      );
      expect(deleteBeforeReplace).toBe(false);
    }
  });
});

describe('security groups', () => {
  test('SSH from the named ranges, everything between members, nothing else', async () => {
    const made = await run({ core });
    expect(letInto(made, 'member')).toEqual([
      { ipProtocol: '-1', referencedSecurityGroupId: securityGroup('member') },
      { ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIpv4: '198.51.100.0/24' },
      { ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIpv4: '203.0.113.7/32' },
    ]);
    expect(letInto(made, 'group-core')).toEqual([]);
    expect(made.ofKind('SecurityGroupIngressRule')).toHaveLength(3);
    expect(made.ofKind('SecurityGroupEgressRule').map(({ inputs }) => inputs)).toMatchObject([
      { securityGroupId: securityGroup('member'), ipProtocol: '-1', cidrIpv4: '0.0.0.0/0' },
    ]);
    for (const { inputs } of made.ofKind('SecurityGroup'))
      expect(inputs.ingress ?? inputs.egress).toBeUndefined();
  });

  test('their rules are there before every machine, and go after it', async () => {
    const { ofKind } = await run({ core: { ...core, publish: { 80: 8080 } } }, { loadBalancer: true });
    const rules = [...ofKind('SecurityGroupIngressRule'), ...ofKind('SecurityGroupEgressRule')];
    const base = rules.filter(({ inputs }) => inputs.securityGroupId === securityGroup('member'));
    const [balancer] = ofKind('LoadBalancer');
    expect(base).toHaveLength(4);
    for (const { dependencies, inputs } of ofKind('Instance')) {
      expect(dependencies).toEqual(expect.arrayContaining(base.map(({ urn }) => urn)));
      expect(dependencies).not.toContain(balancer?.urn);
      expect(inputs.vpcSecurityGroupIds).toEqual([securityGroup('member'), securityGroup('group-core')]);
    }
  });

  test.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['198.51.100.255/25', '198.51.100.128/25'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/1', '128.0.0.0/1'],
  ])('%s is %s to AWS', (source, range) => expect(canonicalRange(source)).toBe(range));

  test('what is said twice is one rule', async () => {
    const made = await run({ core }, { sshFrom: ['203.0.113.7', '203.0.113.7/32'] });
    expect(letInto(made, 'member')).toHaveLength(2);
  });
});

describe('a machine', () => {
  test('asks for tokens before it tells anything of itself, and has an encrypted disk', async () => {
    const { ofKind } = await run({ core: { ...core, disk: 20 }, small: { count: 1, disk: 4 } });
    for (const { inputs } of ofKind('Instance'))
      expect(inputs).toMatchObject({
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        rootBlockDevice: { encrypted: true, volumeType: 'gp3', deleteOnTermination: true },
      });
    const sizes = ofKind('Instance').map(({ inputs }) => inputs.rootBlockDevice);
    expect(sizes).toMatchObject([20, 20, 20, 8].map((volumeSize) => ({ volumeSize })));
  });

  test('of etcd may have a second disk, encrypted, that nobody else has and that goes with it', async () => {
    const { ofKind, registered } = await run({ core: { ...core, etcdDisk: 12 }, worker: { count: 1 } });
    const disks = ofKind('Instance').map(({ inputs }) => inputs.ebsBlockDevices);
    const disk = (name: string) => [
      {
        deviceName: '/dev/sdf',
        volumeType: 'gp3',
        volumeSize: 12,
        encrypted: true,
        deleteOnTermination: true,
        tags: { Name: `flotilla-dev-${name}-etcd`, flotilla: 'dev' },
      },
    ];
    expect(disks).toEqual([disk('core-1'), disk('core-2'), disk('core-3'), undefined]);
    // A volume by itself would outlive its machine, and could be moved to another.
    expect(registered.map(({ type }) => type).filter((type) => /volume/i.test(type))).toEqual([]);
    for (const { ignoreChanges } of ofKind('Instance')) expect(ignoreChanges).toContain('ebsBlockDevices');
  });

  test.each([
    ['no disk for etcd', 'a disk of 10 GiB for etcd', { etcdDisk: 10 }, {}],
    ['a disk of 10 GiB for etcd', 'no disk for etcd', {}, { etcdDisk: 10 }],
    ['a disk of 10 GiB for etcd', 'a disk of 20 GiB for etcd', { etcdDisk: 20 }, { etcdDisk: 10 }],
    ['8 GiB of disk', '9 GiB', { disk: 9 }, {}],
  ])('that stays with %s where there is to be %s says so', (has, wanted, group, actual) => {
    const { machines } = planCluster('dev', stackSchema.parse({ machines: { core: { ...core, ...group } } }));
    const [plan] = machines;
    if (!plan) throw new Error('the plan has no machine');
    const found = { type: 't3.micro', disk: 8, etcdDisk: undefined, ...actual };
    expect(hardwareWarnings(plan, 't3.micro', found)).toEqual([
      `core-1 stays with ${has}: ${wanted} is for new machines. Members of etcd are not replaced so far: only another stack would have it`,
    ]);
    const worker = { ...plan, name: 'worker-1', group: 'worker', etcd: false };
    expect(hardwareWarnings(worker, 't3.micro', found)).toEqual([
      expect.stringMatching(/new machines\. Raise flotilla:machines\.worker\.generation$/),
    ]);
    expect(
      hardwareWarnings(plan, 't3.micro', { ...found, disk: plan.disk, etcdDisk: plan.etcdDisk }),
    ).toEqual([]);
  });

  test('of Flatcar has its newest stable image, and room for it', async () => {
    const { ofKind } = await run({ core }, {}, 'dev', 'flatcar');
    for (const { inputs } of ofKind('Instance')) {
      expect(inputs.rootBlockDevice).toMatchObject({ volumeSize: 12 });
      for (const part of ['"mostRecent":true', '075585003325', 'Flatcar-stable-*', 'x86_64'])
        expect(inputs.ami).toContain(part);
    }
  });

  test('never has what the provider would replace or stop it for', async () => {
    const { ofKind } = await run({ core });
    for (const { inputs } of ofKind('Instance'))
      for (const key of ['userData', 'userDataReplaceOnChange', 'associatePublicIpAddress', 'volumeTags'])
        expect(inputs).not.toHaveProperty(key);
  });

  test('tells units of its zone and its type', async () => {
    const { result } = await run({ core }, { size: 'm6i.large' });
    const told = await Promise.all(result.machines.map(({ metadata }) => known(metadata)));
    expect(told).toEqual([
      { zone: 'eu-central-1a', 'instance-type': 'm6i.large' },
      { zone: 'eu-central-1b', 'instance-type': 'm6i.large' },
      { zone: 'eu-central-1c', 'instance-type': 'm6i.large' },
    ]);
  });

  test.each([
    ['no word of it', {}, 'ami of /aws/service/debian/release/13/latest/amd64'],
    ['an id', { image: 'ami-0123456789abcdef0' }, 'ami-0123456789abcdef0'],
    ['a parameter', { image: { parameter: '/my/own' } }, 'ami of /my/own'],
    [
      'owner and name',
      { image: { owner: '136693071363', name: 'debian-13-amd64-*' } },
      expect.stringMatching(/"mostRecent":true.*136693071363|136693071363.*"mostRecent":true/),
    ],
  ])('image by %s', async (_, more, ami) => {
    const { ofKind } = await run({ core }, more);
    for (const { inputs, secrets } of ofKind('Instance')) {
      expect(inputs.ami).toEqual(ami);
      expect(secrets).toEqual(['userDataBase64']);
    }
  });
});

describe('published ports', () => {
  const machines = {
    core: { ...core, publish: { 80: 8080, 81: 8081, 82: 8080 } },
    web: { count: 2, publish: { 443: 8443 } },
    none: { count: 0, publish: { 9000: 9000 } },
  };
  const world = { ipProtocol: 'tcp', cidrIpv4: '0.0.0.0/0' };

  test('without a load balancer: on each machine of the group, open to all', async () => {
    const made = await run(machines);
    expect(letInto(made, 'group-core')).toEqual([
      { ...world, fromPort: 8080, toPort: 8080 },
      { ...world, fromPort: 8081, toPort: 8081 },
    ]);
    expect(letInto(made, 'group-web')).toEqual([{ ...world, fromPort: 8443, toPort: 8443 }]);
    expect(made.published).toContain('http://core-3.instances.test:8081');
    expect(made.published).toContain('http://web-1.instances.test:8443');
    expect(new Set(made.published).size).toBe(8);
    expect(made.published).toHaveLength(8);
    expect(made.ofKind('LoadBalancer')).toEqual([]);
  });

  test('with a load balancer: one for all, and nobody past it', async () => {
    const made = await run(machines, { loadBalancer: true });
    const source = { ipProtocol: 'tcp', referencedSecurityGroupId: securityGroup('balancer') };
    expect(letInto(made, 'group-core')).toEqual([
      { ...source, fromPort: 8080, toPort: 8080 },
      { ...source, fromPort: 8081, toPort: 8081 },
    ]);
    expect(letInto(made, 'balancer').map(({ fromPort }) => fromPort)).toEqual([443, 80, 81, 82]);
    expect(made.ofKind('LoadBalancer').map(({ inputs }) => inputs)).toMatchObject([
      {
        loadBalancerType: 'network',
        securityGroups: [securityGroup('balancer')],
        subnets: ['Subnet-flotilla-dev-a-1', 'Subnet-flotilla-dev-b-1', 'Subnet-flotilla-dev-c-1'],
      },
    ]);
    expect(made.published.sort()).toEqual([
      'http://flotilla-dev.elb.test:443',
      'http://flotilla-dev.elb.test:80',
      'http://flotilla-dev.elb.test:81',
      'http://flotilla-dev.elb.test:82',
    ]);
  });

  test('each port of the load balancer leads to its group, which is asked at that port', async () => {
    const { ofKind } = await run(machines, { loadBalancer: true });
    const groups = ofKind('TargetGroup').map(({ name, inputs: { port } }) => [name, port]);
    expect(groups).toEqual([
      ['flotilla-dev-443', 8443],
      ['flotilla-dev-80', 8080],
      ['flotilla-dev-81', 8081],
      ['flotilla-dev-82', 8080],
    ]);
    expect(ofKind('Listener').map(({ inputs: { port, defaultActions } }) => [port, defaultActions])).toEqual(
      [443, 80, 81, 82].map((port) => [
        port,
        [{ type: 'forward', targetGroupArn: `arn:aws:test:TargetGroup/flotilla-dev-${port}` }],
      ]),
    );
    const targets = ofKind('TargetGroupAttachment')
      .filter(({ inputs }) => String(inputs.targetGroupArn).endsWith('-443'))
      .map(({ inputs: { targetId, port } }) => [targetId, port]);
    expect(targets).toEqual([
      ['Instance-web-1-1', 8443],
      ['Instance-web-2-1', 8443],
    ]);
    expect(ofKind('TargetGroupAttachment')).toHaveLength(3 * 3 + 2);
  });

  test('another load balancer’s listeners come when the old ones are gone: a target group serves one only', async () => {
    const { ofKind } = await run(machines, { loadBalancer: true });
    const [balancer] = ofKind('LoadBalancer');
    const listeners = ofKind('Listener');
    expect(listeners).toHaveLength(4);
    for (const { deleteBeforeReplace, dependencies } of listeners) {
      expect(deleteBeforeReplace).toBe(true);
      expect(dependencies).toContain(balancer?.urn);
    }
    // Others would be gone before there is a successor, and the addresses and machines behind them.
    for (const kind of ['LoadBalancer', 'TargetGroup', 'TargetGroupAttachment'])
      for (const { deleteBeforeReplace } of ofKind(kind)) expect(deleteBeforeReplace).toBe(false);
  });

  test('only to groups that have machines: otherwise there is nothing to pay for', async () => {
    const { ofKind, published } = await run({ core, none: machines.none }, { loadBalancer: true });
    expect(ofKind('LoadBalancer')).toEqual([]);
    expect(published).toEqual([]);
  });
});

describe('ports that follow a service', () => {
  const app = { port: 8080, service: 'app' };
  const machines = {
    core: { ...core, publish: { 79: 8080, 80: app, 81: 8081 } },
    web: { count: 1, publish: { 443: 8443 } },
  };

  test('each asks the agent for its service, as often as the config says, and cuts nobody off', async () => {
    const healthCheck = { interval: 7, unhealthyThreshold: 3 };
    const { ofKind } = await run(machines, { loadBalancer: true, healthCheck });
    const asked = ofKind('TargetGroup').map(({ name, inputs }) => [
      name,
      inputs.port,
      inputs.healthCheck,
      inputs.targetHealthStates,
    ]);
    const own = { protocol: 'TCP', interval: 10, timeout: 5, healthyThreshold: 2, unhealthyThreshold: 2 };
    const followed = {
      protocol: 'HTTP',
      port: '8403',
      path: '/services/app/8080',
      interval: 7,
      timeout: 3,
      healthyThreshold: 2,
      unhealthyThreshold: 3,
    };
    expect(asked).toEqual([
      ['flotilla-dev-443', 8443, own, undefined],
      ['flotilla-dev-79', 8080, own, undefined],
      ['flotilla-dev-80h', 8080, followed, [{ enableUnhealthyConnectionTermination: false }]],
      ['flotilla-dev-81', 8081, own, undefined],
    ]);
  });

  test('nobody but the load balancer reaches the agents there, and those of no other group', async () => {
    const made = await run(machines, { loadBalancer: true });
    const source = { ipProtocol: 'tcp', referencedSecurityGroupId: securityGroup('balancer') };
    expect(letInto(made, 'group-core')).toEqual(
      [8080, 8081, 8403].map((port) => ({ ...source, fromPort: port, toPort: port })),
    );
    expect(letInto(made, 'group-web').map(({ fromPort }) => fromPort)).toEqual([8443]);
    expect(letInto(made, 'balancer').map(({ fromPort }) => fromPort)).toEqual([443, 79, 80, 81]);
  });

  test('without a load balancer they are ports as all others are', async () => {
    const made = await run(machines);
    expect(letInto(made, 'group-core').map(({ fromPort }) => fromPort)).toEqual([8080, 8081]);
  });
});

describe('what is named', () => {
  test('by the stack, in letters that every kind may have, and never like an id of AWS', async () => {
    const { registered } = await run(
      { core: { ...core, publish: { 80: 8080 } } },
      { loadBalancer: true },
      'my.big_stack',
    );
    for (const { name, type, inputs } of registered.filter(({ type: token }) => token.startsWith('aws:'))) {
      expect([type, name]).toEqual([
        type,
        expect.stringMatching(/^(flotilla-my-big-stack(-|$)|core-[123]$)/),
      ]);
      expect(inputs.name).toBeUndefined();
    }
  });

  test('a load balancer has 32 letters at most, with the eight of Pulumi', () => {
    const long = 'a-stack-with-quite-a-name';
    expect(balancerName('dev')).toBe('flotilla-dev');
    expect(balancerName(long)).toBe('flotilla-a-stack-with-qu');
    expect(balancerName(long, '65535')).toBe('flotilla-a-stack-w-65535');
    expect(balancerName('a-stack-wi-x', '808')).toBe('flotilla-a-stack-wi-808');
    for (const cluster of ['dev/blue', `${long}/${long}`])
      for (const part of [undefined, '80', '65535h'])
        expect(balancerName(cluster, part)).toMatch(/^flotilla-[a-z0-9-]{1,15}$/);
  });

  test('security groups are described in the characters that AWS takes', async () => {
    const { ofKind } = await run({ core: { ...core, publish: { 80: 80 } } }, { loadBalancer: true }, 'x_1.y');
    for (const { inputs } of ofKind('SecurityGroup'))
      expect(inputs.description).toMatch(/^[a-zA-Z0-9 ._:/()#,@[\]+=&;{}!$*-]{1,255}$/);
  });
});
