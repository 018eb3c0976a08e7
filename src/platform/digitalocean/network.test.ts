import { beforeAll, describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { answerDigitalocean } from '../../../test/contract/digitalocean-answers.ts';
import { answerOwn } from '../../../test/contract/platform.ts';
import { known, type Registration, runProgram } from '../../../test/contract/pulumi-program.ts';
import { stackSchema } from '../../config/schema.ts';
import { compare } from '../../model/compare.ts';
import { planCluster } from '../../plan/plan.ts';
import type { Machines } from '../platform.ts';
import { wholeStack } from '../scope.ts';
import { digitaloceanPlatform } from './index.ts';

const core = { count: 3, etcd: true };
const world = ['0.0.0.0/0', '::/0'];

beforeAll(() => pulumi.runtime.setAllConfig({ 'digitalocean:token': 'a token' }));

async function run(machines: object, more: object = {}, stack = 'dev') {
  const digitalocean = { region: 'fra1', sshFrom: ['203.0.113.7/32', '198.51.100.0/24'], ...more };
  const plan = planCluster(stack, stackSchema.parse({ platform: 'digitalocean', digitalocean, machines }));
  const { result, registered } = await runProgram<Machines>(
    () =>
      digitaloceanPlatform.createMachines(
        plan,
        pulumi.output('ssh-ed25519 AAAA operator'),
        pulumi.output('key'),
        wholeStack,
      ),
    (args) => (args.type.startsWith('flotilla:') ? answerOwn(args) : answerDigitalocean(args)),
  );
  // They are registered in the order in which their inputs are known.
  const sorted = [...registered].sort((a, b) => compare(a.name, b.name));
  const ofKind = (kind: string) => sorted.filter(({ type }) => type.endsWith(`:${kind}`));
  return {
    result,
    registered,
    ofKind,
    published: await Promise.all(result.published.map((each) => known(each))),
  };
}

/** All rules that let something in: protocol, ports, and from where. */
const inbound = (firewalls: readonly Registration[]) =>
  firewalls.flatMap(({ inputs }) => inputs.inboundRules as Record<string, unknown>[]);

describe('the firewall', () => {
  test('SSH from the named ranges, everything between members, nothing else', async () => {
    const { ofKind } = await run({ core });
    const [firewall] = ofKind('Firewall');
    const members = ['flotilla-dev-member-1a2b3c4'];
    expect(ofKind('Firewall')).toHaveLength(1);
    expect(firewall?.inputs.tags).toEqual(members);
    expect(inbound(ofKind('Firewall'))).toEqual([
      { protocol: 'tcp', portRange: '22', sourceAddresses: ['203.0.113.7/32', '198.51.100.0/24'] },
      { protocol: 'tcp', portRange: '1-65535', sourceTags: members },
      { protocol: 'udp', portRange: '1-65535', sourceTags: members },
      { protocol: 'icmp', sourceTags: members },
    ]);
    expect(firewall?.inputs.outboundRules).toMatchObject([
      { protocol: 'tcp', portRange: '1-65535', destinationAddresses: world },
      { protocol: 'udp', portRange: '1-65535', destinationAddresses: world },
      { protocol: 'icmp', destinationAddresses: world },
    ]);
  });

  test('is there before every machine, and goes after it', async () => {
    const { ofKind } = await run({ core: { ...core, publish: { 80: 8080 } } }, { loadBalancer: true });
    const [base] = ofKind('Firewall').filter(({ name }) => name === 'flotilla-dev');
    const [balancer] = ofKind('LoadBalancer');
    for (const { dependencies, inputs } of ofKind('Droplet')) {
      expect(dependencies).toContain(base?.urn);
      expect(dependencies).not.toContain(balancer?.urn);
      expect(inputs.tags).toEqual(['flotilla-dev-member-1a2b3c4', 'flotilla-dev-group-core-1a2b3c4']);
    }
  });
});

describe('published ports', () => {
  const machines = {
    core: { ...core, publish: { 80: 8080, 81: 8081 } },
    web: { count: 2, publish: { 443: 8443 } },
    none: { count: 0, publish: { 9000: 9000 } },
  };

  test('without a load balancer: on each machine of the group, open to all', async () => {
    const { ofKind, published } = await run(machines);
    const opened = ofKind('Firewall').filter(({ name }) => name.includes('published'));
    expect(opened.map(({ inputs }) => inputs.tags)).toEqual([
      ['flotilla-dev-group-core-1a2b3c4'],
      ['flotilla-dev-group-web-1a2b3c4'],
    ]);
    expect(inbound(opened)).toEqual([
      { protocol: 'tcp', portRange: '8080', sourceAddresses: world },
      { protocol: 'tcp', portRange: '8081', sourceAddresses: world },
      { protocol: 'tcp', portRange: '8443', sourceAddresses: world },
    ]);
    expect(published).toContain('http://core-3.droplets.test:8081');
    expect(published).toContain('http://web-1.droplets.test:8443');
    expect(published).toHaveLength(8);
    expect(ofKind('LoadBalancer')).toEqual([]);
  });

  test('with load balancers: one for each group that has machines, and nobody past it', async () => {
    const { ofKind, published } = await run(machines, { loadBalancer: true });
    expect(ofKind('LoadBalancer').map(({ inputs }) => inputs)).toMatchObject([
      {
        dropletTag: 'flotilla-dev-group-core-1a2b3c4',
        region: 'fra1',
        forwardingRules: [
          { entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 8080 },
          { entryProtocol: 'tcp', entryPort: 81, targetProtocol: 'tcp', targetPort: 8081 },
        ],
        healthcheck: { protocol: 'tcp', port: 8080 },
      },
      {
        dropletTag: 'flotilla-dev-group-web-1a2b3c4',
        forwardingRules: [{ entryPort: 443, targetPort: 8443 }],
      },
    ]);
    expect(inbound(ofKind('Firewall')).filter((rule) => rule.sourceAddresses)).toHaveLength(1);
    expect(published).toEqual([
      'http://flotilla-dev-core.balancers.test:80',
      'http://flotilla-dev-core.balancers.test:81',
      'http://flotilla-dev-web.balancers.test:443',
    ]);
  });
});

describe('ports that follow a service', () => {
  const publish = { 80: { port: 8080, service: 'app' }, 81: 7000, 443: { port: 8443, service: 'app-tls' } };
  const machines = { core, web: { count: 2, publish: { ...publish, 82: publish[80] } } };

  test('the one check asks the agent for all services of the group, as often as the config says', async () => {
    const healthCheck = { interval: 4, unhealthyThreshold: 3 };
    const { ofKind } = await run(machines, { loadBalancer: true, healthCheck });
    expect(ofKind('LoadBalancer').map(({ inputs }) => inputs.healthcheck)).toEqual([
      {
        protocol: 'http',
        port: 8403,
        path: '/services/app/8080/app-tls/8443',
        checkIntervalSeconds: 4,
        responseTimeoutSeconds: 3,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
    ]);
  });

  test('nobody but the load balancer reaches the agents there, and those of no other group', async () => {
    const { ofKind } = await run(machines, { loadBalancer: true });
    const opened = ofKind('Firewall').filter(({ name }) => name.includes('published'));
    expect(opened.map(({ inputs }) => inputs.tags)).toEqual([['flotilla-dev-group-web-1a2b3c4']]);
    const ports = inbound(opened).map(({ portRange, ...sources }) => [portRange, Object.keys(sources)]);
    expect(ports).toEqual(
      ['7000', '8080', '8443', '8403'].map((port) => [port, ['protocol', 'sourceLoadBalancerUids']]),
    );
  });

  test('without a load balancer they are ports as all others are', async () => {
    const { ofKind } = await run(machines);
    const opened = ofKind('Firewall').filter(({ name }) => name.includes('published'));
    expect(inbound(opened).map(({ portRange }) => portRange)).toEqual(['7000', '8080', '8443']);
  });
});

describe('what is named', () => {
  test('a project lists machines and load balancers', async () => {
    const publishing = { core: { ...core, publish: { 80: 8080 } } };
    const { ofKind } = await run(publishing, { project: 'shop', loadBalancer: true });
    expect(ofKind('Project').map(({ inputs }) => inputs)).toMatchObject([
      {
        name: 'shop',
        resources: [
          'do:droplet:core-1',
          'do:droplet:core-2',
          'do:droplet:core-3',
          'do:loadbalancer:flotilla-dev-core',
        ],
      },
    ]);
    expect((await run(publishing)).ofKind('Project')).toEqual([]);
  });

  test('by the stack, in letters that every kind may have', async () => {
    const { registered } = await run({ core }, {}, 'my.big_stack');
    const clouds = registered.filter(({ type }) => type.startsWith('digitalocean:'));
    for (const { name } of clouds) expect(name).toMatch(/^(flotilla-my-big-stack(-[a-z-]+)?|core-[123])$/);
  });

  test('droplets alone have a fixed name, so nothing is shared with another cluster of this name', async () => {
    const { ofKind } = await run({ core });
    for (const kind of ['Vpc', 'Tag', 'Firewall', 'SshKey'])
      for (const { inputs } of ofKind(kind)) expect([kind, inputs.name]).toEqual([kind, undefined]);
    expect(ofKind('Droplet').map(({ inputs }) => inputs.name)).toEqual(['core-1', 'core-2', 'core-3']);
  });
});

test('a cluster stays where it began, and its machines with it', async () => {
  const { ofKind } = await run({ core });
  expect(ofKind('Vpc')).toMatchObject([
    { inputs: { region: 'fra1', ipRange: '10.77.0.0/16' }, ignoreChanges: ['region', 'ipRange'] },
  ]);
  for (const each of ofKind('Droplet')) {
    expect(each.ignoreChanges).toEqual(expect.arrayContaining(['region', 'vpcUuid', 'size']));
    expect(each.deleteBeforeReplace).toBe(false);
    expect(each.inputs).toMatchObject({ region: 'fra1', vpcUuid: 'Vpc-flotilla-dev-1', monitoring: false });
  }
});
