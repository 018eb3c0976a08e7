import {
  CreateVpcCommand,
  DeleteVpcCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  type EC2Client,
  ModifyVpcAttributeCommand,
  type Vpc,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { retry, waitFor } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({
  ...tagged,
  cidrBlock: z.string().optional(),
  enableDnsHostnames: z.boolean().optional(),
  enableDnsSupport: z.boolean().optional(),
  instanceTenancy: z.string().optional(),
});

/** Seconds. */
const timeouts = { create: 600, delete: 300 };

export const vpc = awsType<typeof inputs.shape>({
  inputs,
  computed: [
    'arn',
    'cidrBlock',
    'defaultNetworkAclId',
    'defaultRouteTableId',
    'defaultSecurityGroupId',
    'dhcpOptionsId',
    'enableDnsHostnames',
    'mainRouteTableId',
    'ownerId',
    'tagsAll',
  ],
  changes: { region: 'replace', cidrBlock: 'replace', instanceTenancy: 'replace' },
  defaults: { instanceTenancy: 'default', enableDnsSupport: true },
  async create(session, { cidrBlock, instanceTenancy, enableDnsHostnames, enableDnsSupport, tags }, made) {
    const { ec2, settings } = session;
    const command = new CreateVpcCommand({
      CidrBlock: cidrBlock,
      InstanceTenancy: instanceTenancy === 'dedicated' ? 'dedicated' : 'default',
      TagSpecifications: tagSpecifications('vpc', tags),
    });
    const id = required((await doing('creating EC2 VPC', ec2.send(command))).Vpc?.VpcId, 'VpcId');
    made(id);
    const look = async () => (await find(ec2, id))?.State;
    await waitFor(
      { pending: ['pending'], target: 'available', look, timeout: timeouts.create, poll: 0 },
      settings,
    );
    if (enableDnsHostnames) await setAttribute(ec2, id, { EnableDnsHostnames: { Value: true } });
    if (enableDnsSupport === false) await setAttribute(ec2, id, { EnableDnsSupport: { Value: false } });
  },
  async read({ ec2, settings }, id) {
    const found = await find(ec2, id);
    return found && { ...(await outputs(ec2, id, found)), arn: arnOf(settings, found.OwnerId, `vpc/${id}`) };
  },
  async update({ ec2 }, id, { enableDnsHostnames = false, enableDnsSupport = true, tags }, old) {
    if (enableDnsSupport !== old.enableDnsSupport)
      await setAttribute(ec2, id, { EnableDnsSupport: { Value: enableDnsSupport } });
    if (enableDnsHostnames !== old.enableDnsHostnames)
      await setAttribute(ec2, id, { EnableDnsHostnames: { Value: enableDnsHostnames } });
    await retag(ec2, id, tags, old.tags);
  },
  async remove({ ec2, settings }, id) {
    const remove = async () => {
      await unlessGone(ec2.send(new DeleteVpcCommand({ VpcId: id })), 'InvalidVpcID.NotFound');
    };
    const busy = (error: unknown) => isCode(error, 'DependencyViolation');
    await doing(`deleting EC2 VPC (${id})`, retry(remove, busy, timeouts.delete, settings));
  },
});

type Attribute = ConstructorParameters<typeof ModifyVpcAttributeCommand>[0];

/** AWS takes one attribute at a time. */
async function setAttribute(ec2: EC2Client, id: string, attribute: Omit<Attribute, 'VpcId'>): Promise<void> {
  await doing(
    `setting EC2 VPC (${id}) attribute`,
    ec2.send(new ModifyVpcAttributeCommand({ VpcId: id, ...attribute })),
  );
}

async function find(ec2: EC2Client, id: string): Promise<Vpc | undefined> {
  const reply = ec2.send(new DescribeVpcsCommand({ VpcIds: [id] }));
  return (await unlessGone(reply, 'InvalidVpcID.NotFound'))?.Vpcs?.[0];
}

/** With every VPC come a route table, a security group and a network ACL. */
async function outputs(ec2: EC2Client, id: string, found: Vpc) {
  const ofVpc = { Name: 'vpc-id', Values: [id] };
  const attribute = (Attribute: 'enableDnsHostnames' | 'enableDnsSupport') =>
    ec2.send(new DescribeVpcAttributeCommand({ VpcId: id, Attribute }));
  const groups = { Filters: [ofVpc, { Name: 'group-name', Values: ['default'] }] };
  const tables = { Filters: [ofVpc, { Name: 'association.main', Values: ['true'] }] };
  const acls = { Filters: [ofVpc, { Name: 'default', Values: ['true'] }] };
  const [hostnames, support, group, table, acl] = await Promise.all([
    attribute('enableDnsHostnames'),
    attribute('enableDnsSupport'),
    ec2.send(new DescribeSecurityGroupsCommand(groups)),
    ec2.send(new DescribeRouteTablesCommand(tables)),
    ec2.send(new DescribeNetworkAclsCommand(acls)),
  ]);
  const mainRouteTableId = table.RouteTables?.[0]?.RouteTableId;
  return {
    ...tagOutputs(found.Tags),
    cidrBlock: found.CidrBlock,
    instanceTenancy: found.InstanceTenancy,
    dhcpOptionsId: found.DhcpOptionsId,
    ownerId: found.OwnerId,
    enableDnsHostnames: hostnames.EnableDnsHostnames?.Value,
    enableDnsSupport: support.EnableDnsSupport?.Value,
    defaultSecurityGroupId: group.SecurityGroups?.[0]?.GroupId,
    mainRouteTableId,
    defaultRouteTableId: mainRouteTableId,
    defaultNetworkAclId: acl.NetworkAcls?.[0]?.NetworkAclId,
  };
}
