import type { Droplet } from '@pulumi/digitalocean/droplet.js';
import { Firewall } from '@pulumi/digitalocean/firewall.js';
import { LoadBalancer } from '@pulumi/digitalocean/loadBalancer.js';
import * as pulumi from '@pulumi/pulumi';
import type { DigitaloceanSettings } from '../../config/digitalocean.ts';
import { type FollowedService, followedPath, followedPort } from '../../model/followed.ts';
import type { ClusterPlan, GroupPublication } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import type { Scope } from '../scope.ts';
import { anywhere, type Network } from './network.ts';

/** What leads others to the machines, and where it answers. */
export interface Published {
  readonly addresses: readonly pulumi.Output<string>[];
  readonly loadBalancers: readonly LoadBalancer[];
}

interface PublishOptions extends Pick<DigitaloceanSettings, 'loadBalancer' | 'healthCheck'> {
  /** By the machine's name. */
  readonly droplets: ReadonlyMap<string, Droplet>;
  readonly scope: Scope;
}

/** A group that publishes, with the tag of its machines. */
interface Publisher {
  readonly name: string;
  readonly tag: pulumi.Output<string>;
  readonly publications: readonly GroupPublication[];
}

/**
 * Opens the published ports of each group's machines: to its load balancer alone, or to everybody. A group without
 * machines has nobody to lead to, and no load balancer to pay for.
 */
export function publish(plan: ClusterPlan, network: Network, options: PublishOptions): Published {
  const publishers = [...network.groups].flatMap(([name, tag]) => {
    const publications = plan.publish.filter(({ group, machines }) => group === name && machines.length > 0);
    return publications.length > 0 ? [{ name, tag: tag.name, publications }] : [];
  });
  if (!options.loadBalancer) return direct(plan, publishers, options);
  const balanced = publishers.map((publisher) => balance(plan, publisher, network, options));
  return {
    addresses: balanced.flatMap(({ addresses }) => addresses),
    loadBalancers: balanced.map((each) => each.loadBalancer),
  };
}

/** On each machine, at its own port. */
function direct(
  plan: ClusterPlan,
  publishers: readonly Publisher[],
  { droplets, scope }: Pick<PublishOptions, 'droplets' | 'scope'>,
): Published {
  for (const publisher of publishers)
    open(plan, publisher, { ports: portsOf(publisher), from: { sourceAddresses: anywhere } }, scope);
  const addresses = publishers
    .flatMap(({ publications }) => publications)
    .flatMap(({ guest, machines }) =>
      machines.flatMap((name) => {
        const droplet = droplets.get(name);
        return droplet ? [pulumi.interpolate`http://${droplet.ipv4Address}:${guest}`] : [];
      }),
    );
  return { addresses, loadBalancers: [] };
}

function balance(
  plan: ClusterPlan,
  publisher: Publisher,
  { vpc }: Network,
  { healthCheck, scope }: Pick<PublishOptions, 'healthCheck' | 'scope'>,
) {
  const services = followedOf(publisher);
  const loadBalancer = new LoadBalancer(
    cloudName(plan.name, publisher.name),
    {
      region: vpc.region,
      vpcUuid: vpc.id,
      dropletTag: publisher.tag,
      forwardingRules: publisher.publications.map(({ host, guest }) => ({
        entryProtocol: 'tcp',
        entryPort: host,
        targetProtocol: 'tcp',
        targetPort: guest,
      })),
      healthcheck: checkOf(publisher, services, healthCheck),
    },
    scope.options,
  );
  const ports = [...portsOf(publisher), ...(services.length > 0 ? [followedPort] : [])];
  open(plan, publisher, { ports, from: { sourceLoadBalancerUids: [loadBalancer.id] } }, scope);
  const addresses = publisher.publications.map(
    ({ host }) => pulumi.interpolate`http://${loadBalancer.ip}:${host}`,
  );
  return { loadBalancer, addresses };
}

/** Each once: two ports of a load balancer may follow one of them. */
function followedOf({ publications }: Publisher): FollowedService[] {
  const found = publications.flatMap(({ service, guest: port }) => (service ? [{ service, port }] : []));
  return [...new Map(found.map((each) => [followedPath([each]), each])).values()];
}

/**
 * It has one check for all ports: a machine counts as well when it has all services ready that the ports follow; without
 * any, when the lowest port answers.
 */
function checkOf(
  publisher: Publisher,
  services: readonly FollowedService[],
  { interval, unhealthyThreshold }: PublishOptions['healthCheck'],
) {
  const [first = 0] = portsOf(publisher);
  const often = { checkIntervalSeconds: 3, healthyThreshold: 2, unhealthyThreshold: 2 };
  if (services.length === 0) return { protocol: 'tcp', port: first, ...often };
  const asked = { protocol: 'http', port: followedPort, path: followedPath(services) };
  return {
    ...asked,
    ...often,
    checkIntervalSeconds: interval,
    responseTimeoutSeconds: 3,
    unhealthyThreshold,
  };
}

type Sources = Readonly<
  Record<'sourceAddresses', string[]> | Record<'sourceLoadBalancerUids', pulumi.Input<string>[]>
>;

/** A firewall of its own beside the cluster's: machines need not wait for a load balancer. */
function open(
  plan: ClusterPlan,
  publisher: Publisher,
  { ports, from }: { readonly ports: readonly number[]; readonly from: Sources },
  { options }: Scope,
): Firewall {
  return new Firewall(
    cloudName(plan.name, `published-${publisher.name}`),
    {
      tags: [publisher.tag],
      inboundRules: ports.map((port) => ({ protocol: 'tcp', portRange: `${port}`, ...from })),
    },
    options,
  );
}

function portsOf({ publications }: Publisher): number[] {
  return [...new Set(publications.map(({ guest }) => guest))].sort((a, b) => a - b);
}
