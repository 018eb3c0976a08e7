import type { Instance } from '@pulumi/aws/ec2/instance.js';
import type { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { TargetGroupAttachment } from '@pulumi/aws/lb/targetGroupAttachment.js';
import * as pulumi from '@pulumi/pulumi';
import type { AwsSettings } from '../../config/aws.ts';
import type { HealthCheck } from '../../config/health-check.ts';
import { followedPath, followedPort } from '../../model/followed.ts';
import type { ClusterPlan, GroupPublication } from '../../plan/plan.ts';
import { cloudName, cutCloudName } from '../cloud-name.ts';
import type { Scope } from '../scope.ts';
import { anywhere, type Network } from './network.ts';
import { createSecurityGroup, letIn, letOut, onPort, type SecurityGroups } from './security-groups.ts';
import { tagsOf } from './tags.ts';

/** A port of a group that has machines to lead to. */
interface Published extends GroupPublication {
  readonly securityGroup: SecurityGroup;
}

interface Surroundings {
  readonly network: Network;
  readonly securityGroups: SecurityGroups;
  /** Machine → its instance */
  readonly instances: ReadonlyMap<string, Instance>;
  readonly scope: Scope;
}

/**
 * Opens the published ports of each group's machines: to the load balancer alone, or to everybody.
 *
 * @returns addresses at which they answer
 */
export function publish(
  plan: ClusterPlan,
  surroundings: Surroundings,
  { loadBalancer, healthCheck }: Pick<AwsSettings, 'loadBalancer' | 'healthCheck'>,
): pulumi.Output<string>[] {
  const published = publishedPorts(plan, surroundings.securityGroups);
  if (published.length === 0) return [];
  return loadBalancer
    ? balance(plan, published, { ...surroundings, healthCheck })
    : direct(plan, published, surroundings);
}

function publishedPorts(plan: ClusterPlan, { groups }: SecurityGroups): Published[] {
  return plan.publish.flatMap((publication) => {
    const securityGroup = groups.get(publication.group);
    return securityGroup ? [{ ...publication, securityGroup }] : [];
  });
}

/** Two ports of a load balancer may lead to one of the machines. */
function opened(published: readonly Published[]): Published[] {
  return [...new Map(published.map((each) => [portName(each), each])).values()];
}

const portName = ({ group, guest }: Published) => `${group}-${guest}`;

/** On each machine, at its own port. */
function direct(
  { name: stack }: ClusterPlan,
  published: readonly Published[],
  { instances, scope: { options } }: Surroundings,
): pulumi.Output<string>[] {
  const owner = { stack, options };
  for (const each of opened(published)) {
    const part = `published-${portName(each)}`;
    letIn(owner, each.securityGroup, part, { cidrIpv4: anywhere, ...onPort(each.guest) });
  }
  return opened(published).flatMap(({ guest, machines }) =>
    machines.flatMap((machine) => {
      const instance = instances.get(machine);
      return instance ? [pulumi.interpolate`http://${instance.publicIp}:${guest}`] : [];
    }),
  );
}

/** What the load balancer asks a machine's agent, at a port that no group publishes while one of its ports follows. */
function followed(published: readonly Published[]): Published[] {
  return published.flatMap((each) => (each.service === undefined ? [] : { ...each, guest: followedPort }));
}

interface Balancing extends Surroundings {
  /** How services are asked for that ports follow. */
  readonly healthCheck: HealthCheck;
}

/** One load balancer for all: each of its ports has machines and a health check of its own. */
function balance(
  plan: ClusterPlan,
  published: readonly Published[],
  surroundings: Balancing,
): pulumi.Output<string>[] {
  const { name: stack } = plan;
  const { network, securityGroups } = surroundings;
  const { options } = surroundings.scope;
  const owner = { stack, options };
  const what = { part: 'balancer', description: 'Load balancer' };
  const own = createSecurityGroup(owner, network.vpc, what);
  letOut(owner, own, 'balancer', { referencedSecurityGroupId: securityGroups.members.id });
  for (const each of opened([...published, ...followed(published)])) {
    const source = { referencedSecurityGroupId: own.id };
    // Other names than without a load balancer: of a rule that is there AWS does not change the kind of source.
    letIn(owner, each.securityGroup, `balanced-${portName(each)}`, { ...source, ...onPort(each.guest) });
  }
  const balancer = new LoadBalancer(
    balancerName(stack),
    {
      loadBalancerType: 'network',
      subnets: [...network.subnets.values()].map(({ id }) => id),
      securityGroups: [own.id],
      // A group may have machines in some zones only, and addresses in all zones lead to it.
      enableCrossZoneLoadBalancing: true,
      tags: tagsOf(stack),
    },
    { ...options, dependsOn: [...network.routes] },
  );
  for (const each of published) {
    letIn(owner, own, `balancer-${each.host}`, { cidrIpv4: anywhere, ...onPort(each.host) });
    lead(stack, each, { balancer, ...surroundings });
  }
  return published.map(({ host }) => pulumi.interpolate`http://${balancer.dnsName}:${host}`);
}

/** From a port of the load balancer to those machines on which it answers. */
function lead(
  stack: string,
  published: Published,
  surroundings: Balancing & { readonly balancer: LoadBalancer },
): void {
  const { host, guest, machines } = published;
  const { balancer, network, instances, healthCheck } = surroundings;
  const { options } = surroundings.scope;
  const targets = new TargetGroup(
    balancerName(stack, targetPart(published)),
    {
      protocol: 'TCP',
      port: guest,
      targetType: 'instance',
      vpcId: network.vpc.id,
      ...checkOf(published, healthCheck),
      tags: tagsOf(stack, `${host}`),
    },
    options,
  );
  for (const machine of machines) {
    const targetId = instances.get(machine)?.id;
    if (targetId === undefined) continue;
    const name = cloudName(stack, `${host}-${machine}`);
    new TargetGroupAttachment(name, { targetGroupArn: targets.arn, targetId, port: guest }, options);
  }
  new Listener(
    cloudName(stack, `${host}`),
    {
      loadBalancerArn: balancer.arn,
      protocol: 'TCP',
      port: host,
      defaultActions: [{ type: 'forward', targetGroupArn: targets.arn }],
      tags: tagsOf(stack, `${host}`),
    },
    // Another load balancer takes other listeners, and a target group serves one load balancer only: the new one would be
    // refused while the old one is there (TargetGroupAssociationLimit).
    { ...options, deleteBeforeReplace: true },
  );
}

/**
 * Another name with another kind of check, so that it is another target group: AWS did not always let TCP's check become
 * one of HTTP, and the provider not the reverse (hashicorp/terraform-provider-aws, issues 2977 and 46011).
 */
function targetPart({ host, service }: Published): string {
  return service === undefined ? `${host}` : `${host}h`;
}

/** Of the port itself, or of the service that it follows, for which the machine's agent is asked. */
function checkOf({ guest: port, service }: Published, { interval, unhealthyThreshold }: HealthCheck) {
  const often = { healthyThreshold: 2, unhealthyThreshold: 2 };
  // AWS refuses an interval that is below the timeout, which would be 10 s.
  if (service === undefined) return { healthCheck: { protocol: 'TCP', interval: 10, timeout: 5, ...often } };
  const path = followedPath([{ service, port }]);
  const asked = { protocol: 'HTTP', port: `${followedPort}`, path, interval, timeout: 3 };
  return {
    healthCheck: { ...asked, ...often, unhealthyThreshold },
    // It has asked for the service to end: whoever is connected is served until it does.
    targetHealthStates: [{ enableUnhealthyConnectionTermination: false }],
  };
}

/** Of 32 characters that a load balancer's name, or a target group's, may have, Pulumi's letters take eight. */
const longestName = 32 - '-1a2b3c4'.length;

/** The cluster's name may be cut, as there is one load balancer, and ports tell target groups apart. */
export function balancerName(stack: string, part?: string): string {
  return cutCloudName(longestName, stack, part);
}
