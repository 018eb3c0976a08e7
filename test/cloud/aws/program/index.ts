import { getAmiOutput } from '@pulumi/aws/ec2/getAmi.js';
import { Instance } from '@pulumi/aws/ec2/instance.js';
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js';
import { Route } from '@pulumi/aws/ec2/route.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import { getAvailabilityZonesOutput } from '@pulumi/aws/getAvailabilityZones.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { TargetGroupAttachment } from '@pulumi/aws/lb/targetGroupAttachment.js';
import { getParameterOutput } from '@pulumi/aws/ssm/getParameter.js';
import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import * as pulumi from '@pulumi/pulumi';

/** A cluster's resources at AWS without a cluster on them, for the test cloud's own test. */
const config = new pulumi.Config();
const called = (name: string) => ({ tags: { Name: name } });

const zones = getAvailabilityZonesOutput({ state: 'available' });
const image = getAmiOutput({
  mostRecent: true,
  owners: ['136693071363'],
  filters: [{ name: 'name', values: ['debian-13-amd64-*'] }],
});

const vpc = new Vpc('main', { cidrBlock: '10.10.0.0/16', enableDnsHostnames: true, ...called('main') });
const gateway = new InternetGateway('main', { vpcId: vpc.id, ...called('main') });
const subnet = new Subnet('main', {
  vpcId: vpc.id,
  cidrBlock: '10.10.0.0/24',
  availabilityZone: zones.names.apply(([first = '']) => first),
  ...called('main'),
});
const table = new RouteTable('main', { vpcId: vpc.id, ...called('main') });
new Route('out', { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id });
const association = new RouteTableAssociation('main', { routeTableId: table.id, subnetId: subnet.id });

const group = new SecurityGroup('members', { vpcId: vpc.id, ...called('members') });
const rules = [
  new SecurityGroupIngressRule('ssh', {
    securityGroupId: group.id,
    ipProtocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    cidrIpv4: '192.0.2.0/24',
    ...called('ssh'),
  }),
  new SecurityGroupIngressRule('members', {
    securityGroupId: group.id,
    ipProtocol: '-1',
    referencedSecurityGroupId: group.id,
    ...called('members'),
  }),
  new SecurityGroupEgressRule('out', {
    securityGroupId: group.id,
    ipProtocol: '-1',
    cidrIpv4: '0.0.0.0/0',
    ...called('out'),
  }),
];
const key = new KeyPair('login', { publicKey: config.require('publicKey') });

const instances = Array.from(
  { length: config.requireNumber('count') },
  (_, at) =>
    new Instance(
      `core-${at + 1}`,
      {
        ami: image.id,
        instanceType: 't3.small',
        subnetId: subnet.id,
        vpcSecurityGroupIds: [group.id],
        associatePublicIpAddress: true,
        keyName: key.keyName,
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        rootBlockDevice: { volumeSize: 16, volumeType: 'gp3' },
        ebsBlockDevices: [
          { deviceName: '/dev/sdf', volumeSize: 10, volumeType: 'gp3', encrypted: true, ...called('etcd') },
        ],
        userData: config.requireSecret('userData'),
        ...called(`core-${at + 1}`),
      },
      {
        dependsOn: [association, ...rules],
        ignoreChanges: ['ami', 'userData'],
        replacementTrigger: config.requireNumber('generation'),
      },
    ),
);

const balancer = new LoadBalancer('web', { loadBalancerType: 'network', subnets: [subnet.id] });
const targets = new TargetGroup('web', { port: 80, protocol: 'TCP', vpcId: vpc.id });
new Listener('web', {
  loadBalancerArn: balancer.arn,
  port: 80,
  protocol: 'TCP',
  defaultActions: [{ type: 'forward', targetGroupArn: targets.arn }],
  ...called('web'),
});
for (const [at, { id }] of instances.entries())
  new TargetGroupAttachment(`core-${at + 1}`, { targetGroupArn: targets.arn, targetId: id, port: 80 });

export const addresses = instances.map((instance) => instance.publicIp);
export const published = getParameterOutput({ name: '/aws/service/debian/release/13/latest/amd64' }).value;
export const imageId = image.id;
