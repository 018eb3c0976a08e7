import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';
import { answerAws, lookUpAws } from '../../../test/contract/aws-answers.ts';
import { answerOwn } from '../../../test/contract/platform.ts';
import { runProgram } from '../../../test/contract/pulumi-program.ts';
import { stackSchema } from '../../config/schema.ts';
import { planCluster } from '../../plan/plan.ts';
import { wholeStack } from '../scope.ts';
import { awsPlatform } from './index.ts';

const tags = ['ec2:CreateTags', 'ec2:DeleteTags'];
const balancerTags = [
  'elasticloadbalancing:AddTags',
  'elasticloadbalancing:DescribeTags',
  'elasticloadbalancing:RemoveTags',
];

/**
 * What AWS's provider calls for each type, to create, read, change and delete it as the program does, as far as it was
 * found in the source of terraform-provider-aws (internal/service/ec2, elbv2 and ssm); and what a service asks of the
 * caller beyond. Not tried on AWS: what is forgotten here is missing in the policy too, and no test tells.
 */
const actions: Readonly<Record<string, readonly string[]>> = {
  'aws:ec2/vpc:Vpc': [
    ...tags,
    'ec2:CreateVpc',
    'ec2:DeleteVpc',
    'ec2:DescribeNetworkAcls',
    'ec2:DescribeRouteTables',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeVpcAttribute',
    'ec2:DescribeVpcs',
    'ec2:ModifyVpcAttribute',
  ],
  'aws:ec2/subnet:Subnet': [
    ...tags,
    'ec2:CreateSubnet',
    'ec2:DeleteSubnet',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:ModifySubnetAttribute',
  ],
  'aws:ec2/internetGateway:InternetGateway': [
    ...tags,
    'ec2:AttachInternetGateway',
    'ec2:CreateInternetGateway',
    'ec2:DeleteInternetGateway',
    'ec2:DescribeInternetGateways',
    'ec2:DetachInternetGateway',
  ],
  'aws:ec2/routeTable:RouteTable': [
    ...tags,
    'ec2:CreateRouteTable',
    'ec2:DeleteRouteTable',
    'ec2:DescribeRouteTables',
    'ec2:DisassociateRouteTable',
  ],
  'aws:ec2/route:Route': [
    'ec2:CreateRoute',
    'ec2:DeleteRoute',
    'ec2:DescribeRouteTables',
    'ec2:ReplaceRoute',
  ],
  'aws:ec2/routeTableAssociation:RouteTableAssociation': [
    'ec2:AssociateRouteTable',
    'ec2:DescribeRouteTables',
    'ec2:DisassociateRouteTable',
    'ec2:ReplaceRouteTableAssociation',
  ],
  // AWS lets everything out of a new group; the provider takes that rule away.
  'aws:ec2/securityGroup:SecurityGroup': [
    ...tags,
    'ec2:CreateSecurityGroup',
    'ec2:DeleteSecurityGroup',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:RevokeSecurityGroupEgress',
  ],
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': [
    ...tags,
    'ec2:AuthorizeSecurityGroupIngress',
    'ec2:DescribeSecurityGroupRules',
    'ec2:ModifySecurityGroupRules',
    'ec2:RevokeSecurityGroupIngress',
  ],
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': [
    ...tags,
    'ec2:AuthorizeSecurityGroupEgress',
    'ec2:DescribeSecurityGroupRules',
    'ec2:ModifySecurityGroupRules',
    'ec2:RevokeSecurityGroupEgress',
  ],
  'aws:ec2/keyPair:KeyPair': [...tags, 'ec2:DeleteKeyPair', 'ec2:DescribeKeyPairs', 'ec2:ImportKeyPair'],
  // It is never stopped nor started: what would do that is ignored. While it runs, its groups are those of its interface.
  'aws:ec2/instance:Instance': [
    ...tags,
    'ec2:DescribeImages',
    'ec2:DescribeInstanceAttribute',
    'ec2:DescribeInstanceCreditSpecifications',
    'ec2:DescribeInstanceTypes',
    'ec2:DescribeInstances',
    'ec2:DescribeTags',
    'ec2:DescribeVolumes',
    'ec2:ModifyInstanceAttribute',
    'ec2:ModifyInstanceMetadataOptions',
    'ec2:ModifyNetworkInterfaceAttribute',
    'ec2:RunInstances',
    'ec2:TerminateInstances',
  ],
  // The role is made with an account's first load balancer. ELB looks round EC2 with the rights of whoever calls it (its
  // user guide, "Elastic Load Balancing API permissions").
  'aws:lb/loadBalancer:LoadBalancer': [
    ...balancerTags,
    'ec2:DescribeAccountAttributes',
    'ec2:DescribeAddresses',
    'ec2:DescribeInternetGateways',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeSubnets',
    'ec2:DescribeVpcs',
    'ec2:GetSecurityGroupsForVpc',
    'elasticloadbalancing:CreateLoadBalancer',
    'elasticloadbalancing:DeleteLoadBalancer',
    'elasticloadbalancing:DescribeCapacityReservation',
    'elasticloadbalancing:DescribeLoadBalancerAttributes',
    'elasticloadbalancing:DescribeLoadBalancers',
    'elasticloadbalancing:ModifyLoadBalancerAttributes',
    'elasticloadbalancing:SetSecurityGroups',
    'elasticloadbalancing:SetSubnets',
    'iam:CreateServiceLinkedRole',
  ],
  'aws:lb/targetGroup:TargetGroup': [
    ...balancerTags,
    'elasticloadbalancing:CreateTargetGroup',
    'elasticloadbalancing:DeleteTargetGroup',
    'elasticloadbalancing:DescribeTargetGroupAttributes',
    'elasticloadbalancing:DescribeTargetGroups',
    'elasticloadbalancing:ModifyTargetGroup',
    'elasticloadbalancing:ModifyTargetGroupAttributes',
  ],
  'aws:lb/targetGroupAttachment:TargetGroupAttachment': [
    'elasticloadbalancing:DeregisterTargets',
    'elasticloadbalancing:DescribeTargetHealth',
    'elasticloadbalancing:RegisterTargets',
  ],
  'aws:lb/listener:Listener': [
    ...balancerTags,
    'elasticloadbalancing:CreateListener',
    'elasticloadbalancing:DeleteListener',
    'elasticloadbalancing:DescribeListenerAttributes',
    'elasticloadbalancing:DescribeListeners',
    'elasticloadbalancing:ModifyListener',
    'elasticloadbalancing:ModifyListenerAttributes',
  ],
  'aws:ssm/getParameter:getParameter': ['ssm:GetParameter'],
  'aws:ec2/getAmi:getAmi': ['ec2:DescribeImages'],
};

const Policy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.string(),
      Effect: z.literal('Allow'),
      Action: z.array(z.string()),
      Resource: z.union([z.string(), z.array(z.string())]),
      Condition: z.record(z.string(), z.record(z.string(), z.string())).optional(),
    }),
  ),
});

const statements = Policy.parse(JSON.parse(readFileSync('docs/aws-policy.json', 'utf8'))).Statement;

beforeAll(() => pulumi.runtime.setAllConfig({ 'aws:region': 'eu-central-1', 'aws:profile': 'somebody' }));

/** Every type that a program makes or asks for, with settings that make it ask for all there is. */
async function usedTypes(): Promise<Set<string>> {
  const used = new Set<string>();
  const core = { count: 1, etcd: true, publish: { 80: 8080 } };
  for (const image of [undefined, { owner: '136693071363', name: 'debian-13-amd64-*' }]) {
    const aws = { sshFrom: ['203.0.113.7'], loadBalancer: true, image };
    const plan = planCluster('dev', stackSchema.parse({ platform: 'aws', aws, machines: { core } }));
    const { registered } = await runProgram(
      () => awsPlatform.createMachines(plan, pulumi.output('a key'), pulumi.output('its half'), wholeStack),
      (args) => (args.type.startsWith('flotilla:') ? answerOwn(args) : answerAws(args)),
      (args) => {
        used.add(args.token);
        return lookUpAws(args);
      },
    );
    for (const { type } of registered) if (type.startsWith('aws:')) used.add(type);
  }
  return used;
}

describe('the policy that docs/aws.md gives', () => {
  test('is about each type that a program uses, and no other', async () => {
    expect([...(await usedTypes())].sort()).toEqual(Object.keys(actions).sort());
  });

  test('allows what these are known to need, and nothing else', () => {
    const allowed = statements.flatMap(({ Action }) => Action);
    expect([...allowed].sort()).toEqual([...new Set(Object.values(actions).flat())].sort());
  });

  test('allows whole groups of actions nowhere, and reading of public parameters alone', () => {
    for (const { Action } of statements) for (const action of Action) expect(action).not.toContain('*');
    const [parameters] = statements.filter(({ Action }) => Action.includes('ssm:GetParameter'));
    expect(parameters?.Resource).toMatch(/^arn:aws:ssm:\*::parameter\/aws\/service\//);
  });

  test('makes the role of load balancers, and no other', () => {
    const [role] = statements.filter(({ Action }) => Action.includes('iam:CreateServiceLinkedRole'));
    expect(role?.Action).toHaveLength(1);
    expect(role?.Condition).toEqual({
      StringEquals: { 'iam:AWSServiceName': 'elasticloadbalancing.amazonaws.com' },
    });
  });
});
