import {
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';

/** Looks at moto past the proxy, as somebody with another client would. */
export class Describe {
  readonly #ec2: EC2Client;
  readonly #elb: ElasticLoadBalancingV2Client;

  constructor(endpoint: string, region: string) {
    const credentials = { accessKeyId: 'other', secretAccessKey: 'other' };
    this.#ec2 = new EC2Client({ endpoint, region, credentials });
    this.#elb = new ElasticLoadBalancingV2Client({ endpoint, region, credentials });
  }

  close(): void {
    this.#ec2.destroy();
    this.#elb.destroy();
  }

  async terminate(id: string): Promise<void> {
    await this.#ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  }

  /** Ids of all that an account does not have by itself; a terminated instance is none. */
  async left(): Promise<string[]> {
    const { Vpcs = [] } = await this.#ec2.send(new DescribeVpcsCommand({}));
    const own = new Set(Vpcs.flatMap(({ IsDefault, VpcId = '' }) => (IsDefault ? [] : [VpcId])));
    const ofOwn = <T extends { VpcId?: string | undefined }>(things: readonly T[] = []) =>
      things.filter(({ VpcId = '' }) => own.has(VpcId));
    const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({}));
    const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
    const { Subnets } = await this.#ec2.send(new DescribeSubnetsCommand({}));
    const { SecurityGroups } = await this.#ec2.send(new DescribeSecurityGroupsCommand({}));
    const { RouteTables } = await this.#ec2.send(new DescribeRouteTablesCommand({}));
    const { InternetGateways = [] } = await this.#ec2.send(new DescribeInternetGatewaysCommand({}));
    const { KeyPairs = [] } = await this.#ec2.send(new DescribeKeyPairsCommand({}));
    const { LoadBalancers = [] } = await this.#elb.send(new DescribeLoadBalancersCommand({}));
    const { TargetGroups = [] } = await this.#elb.send(new DescribeTargetGroupsCommand({}));
    const ids = [
      ...own,
      ...instances.filter(({ State }) => State?.Name !== 'terminated').map(({ InstanceId }) => InstanceId),
      ...ofOwn(Subnets).map(({ SubnetId }) => SubnetId),
      ...ofOwn(SecurityGroups).map(({ GroupId }) => GroupId),
      ...ofOwn(RouteTables).map(({ RouteTableId }) => RouteTableId),
      ...InternetGateways.map(({ InternetGatewayId }) => InternetGatewayId),
      ...KeyPairs.map(({ KeyName }) => KeyName),
      ...LoadBalancers.map(({ LoadBalancerArn }) => LoadBalancerArn),
      ...TargetGroups.map(({ TargetGroupArn }) => TargetGroupArn),
    ];
    return ids.flatMap((id) => id ?? []);
  }
}
