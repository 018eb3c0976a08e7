import { beforeAll, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { lookUpAws } from '../../test/contract/aws-answers.ts';
import { answerAll } from '../../test/contract/provider-answers.ts';
import { type Lookup, runProgram } from '../../test/contract/pulumi-program.ts';
import { stackSchema } from '../config/schema.ts';
import { planCluster } from '../plan/plan.ts';
import { platformOf } from '../platform/local/index.ts';
import { wholeStack } from '../platform/scope.ts';
import { createCluster } from './cluster.ts';
import { createUnits } from './units.ts';

/**
 * What stacks of the config have in their states goes by these names. Another name or parent would be another resource:
 * machines would be made anew.
 */
const always = [
  'flotilla:index:Agents agents',
  'flotilla:index:EtcdCluster etcd',
  'flotilla:index:Pki pki',
  'flotilla:index:Pki services-pki',
  'flotilla:index:SshKey login',
  'flotilla:index:UnitSet units',
];
const core = { count: 1, etcd: true };

const platforms: Readonly<Record<string, { config: Record<string, unknown>; names: readonly string[] }>> = {
  local: {
    config: {},
    names: [
      'flotilla:index:SshKey core-1-first-contact',
      'flotilla:local:Image debian-13',
      'flotilla:local:Machine core-1',
      'flotilla:local:Machine$flotilla:index:HostKey core-1',
      'flotilla:local:Network network',
    ],
  },
  hosts: {
    config: {
      hosts: { machines: { core: [{ address: '10.0.0.5', hostKey: `SHA256:${'a'.repeat(43)}` }] } },
    },
    names: ['flotilla:hosts:Machine core-1', 'flotilla:hosts:Network network'],
  },
  digitalocean: {
    config: { digitalocean: { region: 'fra1', sshFrom: ['203.0.113.7'] } },
    names: [
      'digitalocean:index/droplet:Droplet core-1',
      'digitalocean:index/droplet:Droplet$flotilla:index:HostKey core-1',
      'digitalocean:index/firewall:Firewall flotilla-stack',
      'digitalocean:index/sshKey:SshKey flotilla-stack',
      'digitalocean:index/tag:Tag flotilla-stack-group-core',
      'digitalocean:index/tag:Tag flotilla-stack-member',
      'digitalocean:index/vpc:Vpc flotilla-stack',
      'flotilla:index:Region region',
      'flotilla:index:SshKey core-1-first-contact',
    ],
  },
  aws: {
    config: { aws: { sshFrom: ['203.0.113.7'] } },
    names: [
      'aws:ec2/instance:Instance core-1',
      'aws:ec2/instance:Instance$flotilla:index:HostKey core-1',
      'aws:ec2/internetGateway:InternetGateway flotilla-stack',
      'aws:ec2/keyPair:KeyPair flotilla-stack',
      'aws:ec2/route:Route flotilla-stack',
      'aws:ec2/routeTable:RouteTable flotilla-stack',
      'aws:ec2/routeTableAssociation:RouteTableAssociation flotilla-stack-a',
      'aws:ec2/routeTableAssociation:RouteTableAssociation flotilla-stack-b',
      'aws:ec2/routeTableAssociation:RouteTableAssociation flotilla-stack-c',
      'aws:ec2/securityGroup:SecurityGroup flotilla-stack-group-core',
      'aws:ec2/securityGroup:SecurityGroup flotilla-stack-member',
      'aws:ec2/subnet:Subnet flotilla-stack-a',
      'aws:ec2/subnet:Subnet flotilla-stack-b',
      'aws:ec2/subnet:Subnet flotilla-stack-c',
      'aws:ec2/vpc:Vpc flotilla-stack',
      'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule flotilla-stack-member',
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule flotilla-stack-member',
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule flotilla-stack-ssh-203-0-113-7-32',
      'flotilla:index:Region region',
      'flotilla:index:SshKey core-1-first-contact',
    ],
  },
};

const settings = (platform: string) => ({
  platform,
  machines: { core },
  units: ['units/hello'],
  ...platforms[platform]?.config,
});

function named(registered: readonly { readonly urn: string }[]): string[] {
  return registered.map(({ urn }) => urn.split('::').slice(2).join(' ')).sort();
}

const lookUps: Readonly<Record<string, Lookup>> = { aws: lookUpAws };

/** Settings of the clouds' own providers. */
const providers = {
  'digitalocean:token': 'a token',
  'aws:region': 'eu-central-1',
  'aws:profile': 'somebody',
};

beforeAll(() => pulumi.runtime.setAllConfig({}));

test.each(['hosts', 'digitalocean', 'aws'])(
  'index.ts on %s declares what it always declared',
  async (platform) => {
    const { default: program } = await import('../../index.ts');
    const config = Object.entries(settings(platform)).map(([key, value]) => [
      `flotilla:${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    pulumi.runtime.setAllConfig({ ...Object.fromEntries(config), ...providers });
    const { registered } = await runProgram(program, answerAll, lookUps[platform]);
    expect(named(registered)).toEqual([...always, ...(platforms[platform]?.names ?? [])].sort());
  },
);

test('so do its parts on local', async () => {
  const plan = planCluster('stack', stackSchema.parse(settings('local')));
  const { registered } = await runProgram(
    async () =>
      createUnits(
        plan,
        await createCluster(
          plan,
          platformOf(async () => undefined),
          wholeStack,
        ),
      ),
    answerAll,
  );
  expect(named(registered)).toEqual([...always, ...(platforms.local?.names ?? [])].sort());
});
