import { beforeAll, describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { runAws } from '../../../test/contract/aws-program.ts';
import { balancerName } from './published.ts';
import { canonicalRange } from './security-groups.ts';

const core = { count: 3, etcd: true };

beforeAll(() => pulumi.runtime.setAllConfig({ 'aws:region': 'eu-central-1', 'aws:profile': 'somebody' }));

type Made = Awaited<ReturnType<typeof runAws>>;

const securityGroup = (part: string) => `SecurityGroup-flotilla-dev-${part}-1`;

/** Rules that let something into a security group, without their tags. */
function letInto({ ofKind }: Made, part: string): Record<string, unknown>[] {
  return ofKind('SecurityGroupIngressRule')
    .filter(({ inputs }) => inputs.securityGroupId === securityGroup(part))
    .map(({ inputs: { tags, securityGroupId, ...rule } }) => rule);
}

describe('the network', () => {
  test('a subnet in each zone, with a way out that is there before any machine', async () => {
    const { ofKind } = await runAws({ core });
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
    const { ofKind } = await runAws({ core: { count: 4 }, web: { count: 1 } }, { zones: ['c', 'a'] });
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
    const { ofKind } = await runAws({ core });
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
    const made = await runAws({ core });
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
    const { ofKind } = await runAws({ core: { ...core, publish: { 80: 8080 } } }, { loadBalancer: true });
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
    const made = await runAws({ core }, { sshFrom: ['203.0.113.7', '203.0.113.7/32'] });
    expect(letInto(made, 'member')).toHaveLength(2);
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
    const made = await runAws(machines);
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
    const made = await runAws(machines, { loadBalancer: true });
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
    const { ofKind } = await runAws(machines, { loadBalancer: true });
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
    const { ofKind } = await runAws(machines, { loadBalancer: true });
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
    const { ofKind, published } = await runAws({ core, none: machines.none }, { loadBalancer: true });
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
    const { ofKind } = await runAws(machines, { loadBalancer: true, healthCheck });
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
    const made = await runAws(machines, { loadBalancer: true });
    const source = { ipProtocol: 'tcp', referencedSecurityGroupId: securityGroup('balancer') };
    expect(letInto(made, 'group-core')).toEqual(
      [8080, 8081, 8403].map((port) => ({ ...source, fromPort: port, toPort: port })),
    );
    expect(letInto(made, 'group-web').map(({ fromPort }) => fromPort)).toEqual([8443]);
    expect(letInto(made, 'balancer').map(({ fromPort }) => fromPort)).toEqual([443, 79, 80, 81]);
  });

  test('without a load balancer they are ports as all others are', async () => {
    const made = await runAws(machines);
    expect(letInto(made, 'group-core').map(({ fromPort }) => fromPort)).toEqual([8080, 8081]);
  });
});

describe('what is named', () => {
  test('by the stack, in letters that every kind may have, and never like an id of AWS', async () => {
    const { registered } = await runAws(
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
    const { ofKind } = await runAws(
      { core: { ...core, publish: { 80: 80 } } },
      { loadBalancer: true },
      'x_1.y',
    );
    for (const { inputs } of ofKind('SecurityGroup'))
      expect(inputs.description).toMatch(/^[a-zA-Z0-9 ._:/()#,@[\]+=&;{}!$*-]{1,255}$/);
  });
});
