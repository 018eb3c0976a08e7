import type { Droplet } from '@pulumi/digitalocean/droplet.js';
import { Firewall } from '@pulumi/digitalocean/firewall.js';
import { LoadBalancer } from '@pulumi/digitalocean/loadBalancer.js';
import * as pulumi from '@pulumi/pulumi';
import type { Publication } from '../../model/publication.ts';
import type { ClusterPlan } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import type { Scope } from '../scope.ts';
import { anywhere, type Network } from './network.ts';

/** What leads others to the machines, and where it answers. */
export interface Published {
  readonly addresses: readonly pulumi.Output<string>[];
  readonly loadBalancers: readonly LoadBalancer[];
}

interface PublishOptions {
  readonly loadBalancer: boolean;
  /** By the machine's name. */
  readonly droplets: ReadonlyMap<string, Droplet>;
  readonly scope: Scope;
}

/** A group that publishes, with the tag of its machines. */
interface Publisher {
  readonly name: string;
  readonly tag: pulumi.Output<string>;
  readonly publications: readonly Publication[];
}

/**
 * Opens the published ports of each group's machines: to its load balancer alone, or to everybody. A group without
 * machines has nobody to lead to, and no load balancer to pay for.
 */
export function publish(
  plan: ClusterPlan,
  network: Network,
  { loadBalancer, droplets, scope }: PublishOptions,
): Published {
  const publishers = [...network.groups].flatMap(([name, tag]) => {
    const names = plan.machines.filter(({ group }) => group === name).map((machine) => machine.name);
    const publications = plan.publish.filter(({ machines }) => machines.some((each) => names.includes(each)));
    return publications.length > 0 ? [{ name, tag: tag.name, publications }] : [];
  });
  if (!loadBalancer) return direct(plan, publishers, { droplets, scope });
  const balanced = publishers.map((publisher) => balance(plan, publisher, network, scope));
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
  for (const publisher of publishers) open(plan, publisher, { sourceAddresses: anywhere }, scope);
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

function balance(plan: ClusterPlan, publisher: Publisher, { vpc }: Network, scope: Scope) {
  const [first = 0] = portsOf(publisher);
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
      // It has one check for all ports: a machine counts as well when the lowest answers.
      healthcheck: {
        protocol: 'tcp',
        port: first,
        checkIntervalSeconds: 3,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
      },
    },
    scope.options,
  );
  open(plan, publisher, { sourceLoadBalancerUids: [loadBalancer.id] }, scope);
  const addresses = publisher.publications.map(
    ({ host }) => pulumi.interpolate`http://${loadBalancer.ip}:${host}`,
  );
  return { loadBalancer, addresses };
}

type Sources = Readonly<
  Record<'sourceAddresses', string[]> | Record<'sourceLoadBalancerUids', pulumi.Input<string>[]>
>;

/** A firewall of its own beside the cluster's: machines need not wait for a load balancer. */
function open(plan: ClusterPlan, publisher: Publisher, sources: Sources, { options }: Scope): Firewall {
  return new Firewall(
    cloudName(plan.name, `published-${publisher.name}`),
    {
      tags: [publisher.tag],
      inboundRules: portsOf(publisher).map((port) => ({ protocol: 'tcp', portRange: `${port}`, ...sources })),
    },
    options,
  );
}

function portsOf({ publications }: Publisher): number[] {
  return [...new Set(publications.map(({ guest }) => guest))].sort((a, b) => a - b);
}
