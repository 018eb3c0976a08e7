import { effects } from '../aws/effects.ts';
import type { Row } from './row.ts';

/** A subnet's twenty minutes to go are 1.2 s then. */
const impatient = { TEST_CLOUD_PATIENCE: '0.001' };
/** More than the plugin tries. */
const always = 26;
const instance = 'aws:ec2/instance:Instance';
const vpc = 'aws:ec2/vpc:Vpc';

export const awsRows: readonly Row[] = [
  {
    what: 'throttled with Retry-After',
    faults: [{ call: 'ec2 CreateVpc', effect: effects.throttledFor, times: 2 }],
    expected: 'retried',
  },
  {
    what: 'throttled without Retry-After',
    faults: [{ call: 'ec2 RunInstances', effect: effects.throttled, times: 3 }],
    expected: 'retried',
  },
  {
    what: 'throttled for longer than the plugin tries',
    faults: [{ call: 'ec2 CreateVpc', effect: effects.throttled, times: always }],
    expected: { resource: vpc, cause: effects.throttled.message, next: 'wait some minutes' },
  },
  {
    what: '500',
    faults: [{ call: 'ec2 CreateSecurityGroup', effect: effects.serverError, times: 3 }],
    expected: 'retried',
  },
  {
    what: '500 for longer than the plugin tries: a rule of the firewall is not made',
    faults: [{ call: 'ec2 AuthorizeSecurityGroupIngress', effect: effects.serverError, times: 2 * always }],
    expected: {
      resource: 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      cause: effects.serverError.message,
      next: 'see https://health.aws.amazon.com',
    },
  },
  {
    what: '502 with no body',
    faults: [{ call: 'ec2 RunInstances', effect: effects.badGateway, times: 2 }],
    expected: 'retried',
  },
  {
    what: '503 when the state is read',
    run: 'up --refresh',
    faults: [{ call: 'ec2 DescribeInstances', effect: effects.unavailable, times: 2 }],
    expected: 'retried',
  },
  {
    what: 'an instance that was made is not found yet',
    faults: [{ call: 'ec2 DescribeInstances', effect: effects.instanceNotThereYet, each: true, times: 3 }],
    expected: 'retried',
  },
  {
    what: 'an instance that was made is never found',
    faults: [{ call: 'ec2 DescribeInstances', effect: effects.instanceNotThereYet, times: 100 }],
    expected: { resource: instance, cause: "couldn't find resource", next: 'wait a minute' },
    flags: ['--refresh'],
  },
  {
    what: 'connection reset before anything was made',
    faults: [{ call: 'ec2 CreateSubnet', effect: effects.cutBefore }],
    expected: 'retried',
  },
  {
    what: 'connection reset after an instance was made',
    faults: [{ call: 'ec2 RunInstances', effect: effects.cutAfter }],
    expected: 'retried',
  },
  {
    what: 'connection reset after the key was made',
    faults: [{ call: 'ec2 ImportKeyPair', effect: effects.cutAfter }],
    expected: {
      resource: 'aws:ec2/keyPair:KeyPair',
      cause: 'InvalidKeyPair.Duplicate',
      next: 'delete it by the name that the message above has',
    },
    mend: 'remove the key',
  },
  {
    what: 'connection reset after a security group was made',
    faults: [{ call: 'ec2 CreateSecurityGroup', effect: effects.cutAfter }],
    expected: {
      resource: 'aws:ec2/securityGroup:SecurityGroup',
      cause: 'InvalidGroup.Duplicate',
      next: 'delete it by the name that the message above has',
    },
    mend: 'remove the security group',
  },
  {
    what: 'connection reset after a subnet was made',
    faults: [{ call: 'ec2 CreateSubnet', effect: effects.cutAfter }],
    expected: {
      resource: 'aws:ec2/subnet:Subnet',
      cause: 'InvalidSubnet.Conflict',
      next: 'delete the subnet',
    },
    mend: 'remove the subnet',
  },
  {
    what: 'quota of virtual CPUs',
    faults: [{ call: 'ec2 RunInstances', effect: effects.quota }],
    expected: { resource: instance, cause: effects.quota.message, next: 'terminate what is not needed' },
  },
  {
    what: 'quota of instances',
    faults: [{ call: 'ec2 RunInstances', effect: effects.instanceQuota }],
    expected: {
      resource: instance,
      cause: effects.instanceQuota.message,
      next: 'terminate what is not needed',
    },
  },
  {
    what: 'no capacity in the zone',
    faults: [{ call: 'ec2 RunInstances', effect: effects.capacity }],
    expected: { resource: instance, cause: effects.capacity.message, next: 'wait, name another type' },
  },
  {
    what: 'the zone has no such type',
    faults: [{ call: 'ec2 RunInstances', effect: effects.unsupported }],
    expected: { resource: instance, cause: effects.unsupported.message, next: 'name another type' },
  },
  {
    what: 'image gone',
    faults: [{ call: 'ec2 RunInstances', effect: effects.imageGone }],
    expected: {
      resource: instance,
      cause: effects.imageGone.message,
      next: 'name another one in flotilla:aws.image',
    },
  },
  {
    what: 'no parameter with the image',
    faults: [{ call: 'ssm GetParameter', effect: effects.noSuchParameter }],
    expected: {
      resource: 'aws:ssm/getParameter:getParameter',
      cause: 'ParameterNotFound',
      next: 'name an image by owner and name',
    },
  },
  {
    what: 'terms of the image not accepted',
    faults: [{ call: 'ec2 RunInstances', effect: effects.optIn }],
    expected: { resource: instance, cause: effects.optIn.message, next: 'accept the terms' },
  },
  {
    what: 'expired credentials',
    faults: [{ call: 'ec2 CreateVpc', effect: effects.expired }],
    expected: { resource: vpc, cause: effects.expired.message, next: '`aws sso login`' },
  },
  {
    what: 'invalid credentials',
    faults: [{ call: 'ec2 CreateVpc', effect: effects.wrongCredentials }],
    expected: {
      resource: vpc,
      cause: effects.wrongCredentials.message,
      next: 'see what `aws sts get-caller-identity` says',
    },
  },
  {
    what: 'missing permission',
    faults: [{ call: 'ec2 CreateSecurityGroup', effect: effects.unauthorized }],
    expected: {
      resource: 'aws:ec2/securityGroup:SecurityGroup',
      cause: effects.unauthorized.message,
      next: 'add the action to their policy',
    },
  },
  {
    what: 'quota of VPCs',
    faults: [{ call: 'ec2 CreateVpc', effect: effects.vpcQuota }],
    expected: { resource: vpc, cause: effects.vpcQuota.message, next: 'remove what is not needed' },
  },
  {
    what: 'quota of gateways',
    faults: [{ call: 'ec2 CreateInternetGateway', effect: effects.gatewayQuota }],
    expected: {
      resource: 'aws:ec2/internetGateway:InternetGateway',
      cause: effects.gatewayQuota.message,
      next: 'remove what is not needed',
    },
  },
  {
    what: 'quota of rules',
    faults: [{ call: 'ec2 AuthorizeSecurityGroupIngress', effect: effects.ruleQuota }],
    expected: {
      resource: 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      cause: effects.ruleQuota.message,
      next: 'remove what is not needed',
    },
  },
  {
    what: 'a subnet of the VPC has the range',
    faults: [{ call: 'ec2 CreateSubnet', effect: effects.subnetConflict }],
    expected: {
      resource: 'aws:ec2/subnet:Subnet',
      cause: effects.subnetConflict.message,
      next: 'delete the subnet',
    },
  },
  {
    what: 'quota of load balancers',
    config: 'load balancer',
    faults: [{ call: 'elbv2 CreateLoadBalancer', effect: effects.balancerQuota }],
    expected: {
      resource: 'aws:lb/loadBalancer:LoadBalancer',
      cause: effects.balancerQuota.message,
      next: 'remove what is not needed',
    },
  },
  {
    what: 'an instance that never boots',
    faults: [{ machine: 'flotilla-*-core-1', fate: 'never active' }],
    variables: impatient,
    expected: {
      resource: instance,
      cause: "timeout while waiting for state to become 'running'",
      next: 'look at it in the console',
    },
    mend: 'terminate core-1',
    flags: ['--refresh'],
  },
  {
    what: 'an instance that ends while it is waited for',
    faults: [{ machine: 'flotilla-*-core-1', fate: 'off' }],
    expected: {
      resource: instance,
      cause: "unexpected state 'terminated', wanted target 'running'",
      next: 'see its state transition reason in the console',
    },
    flags: ['--refresh'],
  },
  {
    what: 'a load balancer that is never provisioned',
    config: 'load balancer',
    faults: [{ machine: 'load balancer/*', fate: 'never active' }],
    variables: impatient,
    expected: {
      resource: 'aws:lb/loadBalancer:LoadBalancer',
      cause: "timeout while waiting for state to become 'active'",
      next: 'look at it in the console',
    },
  },
  {
    what: 'a load balancer of that name is there',
    config: 'load balancer',
    faults: [{ call: 'elbv2 CreateLoadBalancer', effect: effects.balancerNameTaken }],
    expected: {
      resource: 'aws:lb/loadBalancer:LoadBalancer',
      cause: effects.balancerNameTaken.message,
      next: 'delete it by the name',
    },
  },
  {
    what: 'a security group is in use for a while when it is deleted',
    run: 'destroy',
    faults: [{ call: 'ec2 DeleteSecurityGroup', effect: effects.inUse, times: 2 }],
    expected: 'retried',
  },
  {
    what: 'something that is not ours is in a subnet when it is deleted',
    run: 'destroy',
    faults: [{ call: 'ec2 DeleteSubnet', effect: effects.inUse, times: 1000 }],
    variables: impatient,
    expected: {
      resource: 'aws:ec2/subnet:Subnet',
      cause: effects.inUse.message,
      next: 'remove that there',
    },
  },
  {
    what: 'an instance to destroy was terminated by hand',
    run: 'destroy',
    before: 'terminate core-1',
    expected: 'retried',
  },
  {
    what: 'an instance that was terminated by hand comes again',
    run: 'up --refresh',
    before: 'terminate core-1',
    expected: 'retried',
  },
  {
    what: 'connection reset after an instance was told to go',
    run: 'destroy',
    faults: [{ call: 'ec2 TerminateInstances', effect: effects.cutAfter }],
    expected: 'retried',
  },
  {
    what: 'another region in the config',
    run: 'up again',
    change: { 'aws:region': 'us-east-1' },
    expected: {
      resource: 'flotilla:index:Region (region)',
      cause: 'the cluster lives in eu-central-1, and aws:region is us-east-1 now',
      next: 'set aws:region to eu-central-1 again',
    },
  },
  {
    what: 'a zone with machines taken out of the config',
    run: 'up again',
    change: { 'flotilla:aws': { sshFrom: ['192.0.2.0/24'], zones: ['b'], loadBalancer: false } },
    expected: {
      resource: 'core-1 is in zone a, worker-1 is in zone a',
      cause: "flotilla:aws.zones has no a any more: its subnet can't go while they are there",
      next: 'put a back',
    },
  },
];
