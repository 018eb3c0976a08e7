import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { Route } from '@pulumi/aws/ec2/route.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import type * as pulumi from '@pulumi/pulumi';
import type { ZoneLetter } from '../../config/aws.ts';
import type { ClusterPlan } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import type { Scope } from '../scope.ts';
import { tagsOf } from './tags.ts';
import { subnetRange } from './zones.ts';

/** Where the machines are. */
export interface Network {
  readonly vpc: Vpc;
  /** Zone → its subnet, whose machines have public addresses. */
  readonly subnets: ReadonlyMap<ZoneLetter, Subnet>;
  /** The way out. No machine boots before it is there, since the first boot installs packages. */
  readonly routes: readonly pulumi.Resource[];
}

interface Place {
  readonly region: string;
  readonly zones: readonly ZoneLetter[];
}

export const anywhere = '0.0.0.0/0';

export function createNetwork(
  { name: stack, network }: Pick<ClusterPlan, 'name' | 'network'>,
  { region, zones }: Place,
  { options }: Scope,
): Network {
  const name = cloudName(stack);
  const tags = tagsOf(stack);
  const vpc = new Vpc(
    name,
    { cidrBlock: network, enableDnsHostnames: true, enableDnsSupport: true, tags },
    // It can't change: it would be another VPC, and with it other machines, all at once.
    { ...options, ignoreChanges: ['cidrBlock'] },
  );
  const gateway = new InternetGateway(name, { vpcId: vpc.id, tags }, options);
  const { id: routeTableId } = new RouteTable(name, { vpcId: vpc.id, tags }, options);
  const out = new Route(
    name,
    { routeTableId, destinationCidrBlock: anywhere, gatewayId: gateway.id },
    options,
  );
  const subnets = new Map(zones.map((zone) => [zone, createSubnet(stack, vpc, { region, zone }, options)]));
  const associations = [...subnets].map(
    ([zone, { id: subnetId }]) =>
      new RouteTableAssociation(cloudName(stack, zone), { subnetId, routeTableId }, options),
  );
  return { vpc, subnets, routes: [out, ...associations] };
}

function createSubnet(
  stack: string,
  vpc: Vpc,
  { region, zone }: { readonly region: string; readonly zone: ZoneLetter },
  options: Scope['options'],
): Subnet {
  return new Subnet(
    cloudName(stack, zone),
    {
      vpcId: vpc.id,
      // Of the network that the VPC has, from which the config's may differ.
      cidrBlock: vpc.cidrBlock.apply((network) => subnetRange(network, zone)),
      availabilityZone: `${region}${zone}`,
      // Said of an instance instead, one that is stopped would seem to differ, and be replaced.
      mapPublicIpOnLaunch: true,
      tags: tagsOf(stack, zone),
    },
    options,
  );
}
