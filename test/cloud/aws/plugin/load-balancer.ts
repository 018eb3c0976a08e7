import { isDeepStrictEqual } from 'node:util';
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  type ElasticLoadBalancingV2Client,
  type LoadBalancer,
  ModifyLoadBalancerAttributesCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { waitFor } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, unlessGone } from './failure.ts';
import { lbRetag, lbTagOutputs, lbTags, suffixOf } from './lb-tags.ts';
import { required } from './read.ts';
import { tagged } from './tags.ts';
import { value } from './wire.ts';

const inputs = z.strictObject({
  ...tagged,
  name: z.string(),
  enableCrossZoneLoadBalancing: z.boolean().optional(),
  enableDeletionProtection: z.boolean().optional(),
  internal: z.boolean().optional(),
  ipAddressType: z.string().optional(),
  loadBalancerType: z.string().optional(),
  securityGroups: z.array(z.string()).optional(),
  subnets: z.array(z.string()).optional(),
});
type Inputs = z.output<typeof inputs>;

/** Seconds. */
const timeouts = { create: 600, delete: 600 };
const gone = 'LoadBalancerNotFound';

/** Inputs that AWS keeps as attributes, by AWS's names. */
const attributes = {
  enableDeletionProtection: 'deletion_protection.enabled',
  enableCrossZoneLoadBalancing: 'load_balancing.cross_zone.enabled',
} as const;

export const loadBalancer = awsType<typeof inputs.shape>({
  inputs,
  computed: [
    'arn',
    'arnSuffix',
    'dnsName',
    'internal',
    'ipAddressType',
    'namePrefix',
    'securityGroups',
    'subnets',
    'tagsAll',
    'vpcId',
    'zoneId',
  ],
  changes: {
    region: 'replace',
    name: 'replace',
    internal: 'replace',
    loadBalancerType: 'replace',
    // A network load balancer made without a group never gets one, and the last one can't be taken away.
    securityGroups: (old, now, { loadBalancerType }) =>
      loadBalancerType === 'network' && isEmpty(old) !== isEmpty(now),
  },
  defaults: { loadBalancerType: 'application', enableDeletionProtection: false },
  autoName: { property: 'name', longest: 32 },
  sets: ['securityGroups', 'subnets'],
  async create({ elb, settings }, wanted, made) {
    const { name, internal, loadBalancerType, securityGroups, subnets, tags } = wanted;
    const command = new CreateLoadBalancerCommand({
      Name: name,
      Type: value(loadBalancerType),
      Scheme: internal ? 'internal' : undefined,
      IpAddressType: value(wanted.ipAddressType),
      SecurityGroups: securityGroups,
      Subnets: subnets,
      Tags: lbTags(tags),
    });
    const reply = await doing(
      `creating ELBv2 ${loadBalancerType} Load Balancer (${name})`,
      elb.send(command),
    );
    const arn = required(reply.LoadBalancers?.[0]?.LoadBalancerArn, 'LoadBalancerArn');
    made(arn);
    const look = async () => (await find(elb, arn))?.State?.Code;
    const wait = { pending: ['provisioning', 'failed'], target: 'active', look, timeout: timeouts.create };
    await waitFor({ ...wait, delay: 30, poll: 10 }, settings);
    await setAttributes(elb, arn, wanted, {});
  },
  async read({ elb }, arn) {
    const found = await find(elb, arn);
    if (!found) return undefined;
    return {
      ...(await lbTagOutputs(elb, arn)),
      ...(await attributesOf(elb, arn)),
      arn,
      arnSuffix: suffixOf(arn),
      dnsName: found.DNSName,
      internal: found.Scheme === 'internal',
      ipAddressType: found.IpAddressType,
      loadBalancerType: found.Type,
      name: found.LoadBalancerName,
      namePrefix: '',
      securityGroups: found.SecurityGroups ?? [],
      subnets: (found.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []),
      vpcId: found.VpcId,
      zoneId: found.CanonicalHostedZoneId,
    };
  },
  async update({ elb }, arn, wanted, old) {
    await setAttributes(elb, arn, wanted, old);
    const { securityGroups, subnets } = wanted;
    if (securityGroups && !isDeepStrictEqual(securityGroups, old.securityGroups))
      await elb.send(new SetSecurityGroupsCommand({ LoadBalancerArn: arn, SecurityGroups: securityGroups }));
    if (subnets && !isDeepStrictEqual(subnets, old.subnets))
      await elb.send(new SetSubnetsCommand({ LoadBalancerArn: arn, Subnets: subnets }));
    await lbRetag(elb, arn, wanted.tags, old.tags);
  },
  async remove({ elb, settings }, arn) {
    const command = new DeleteLoadBalancerCommand({ LoadBalancerArn: arn });
    await doing(`deleting ELBv2 Load Balancer (${arn})`, unlessGone(elb.send(command), gone));
    const look = async () => ((await find(elb, arn)) ? 'there' : 'gone');
    await waitFor({ pending: ['there'], target: 'gone', look, timeout: timeouts.delete, poll: 0 }, settings);
  },
});

function isEmpty(list: unknown): boolean {
  return !Array.isArray(list) || list.length === 0;
}

async function find(elb: ElasticLoadBalancingV2Client, arn: string): Promise<LoadBalancer | undefined> {
  const reply = elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }));
  return (await unlessGone(reply, gone))?.LoadBalancers?.[0];
}

async function attributesOf(elb: ElasticLoadBalancingV2Client, arn: string): Promise<Properties> {
  const command = new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn });
  const { Attributes = [] } = await elb.send(command);
  const known = Object.entries(attributes).flatMap(([input, key]) => {
    const found = Attributes.find(({ Key }) => Key === key);
    return found ? [[input, found.Value === 'true'] as const] : [];
  });
  return Object.fromEntries(known);
}

async function setAttributes(
  elb: ElasticLoadBalancingV2Client,
  arn: string,
  wanted: Inputs,
  old: Properties,
): Promise<void> {
  const changed = [
    ['enableDeletionProtection', wanted.enableDeletionProtection],
    ['enableCrossZoneLoadBalancing', wanted.enableCrossZoneLoadBalancing],
  ] as const;
  const Attributes = changed.flatMap(([input, now]) =>
    now === undefined || now === (old[input] ?? false)
      ? []
      : [{ Key: attributes[input], Value: String(now) }],
  );
  if (Attributes.length === 0) return;
  const command = new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes });
  await doing(`modifying ELBv2 Load Balancer (${arn}) attributes`, elb.send(command));
}
