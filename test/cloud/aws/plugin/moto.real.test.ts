import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { type Known, silent, TestEngine } from '../../plugin/test-engine.ts';
import { publicKey } from '../../public-key.ts';
import { type Moto, startMoto } from '../moto.ts';
import { type AwsApi, startProxy } from '../proxy.ts';
import { createPlugin } from './plugin.ts';

/** The plugin's double on moto, one resource at a time: what the fake of one instance can't tell. */
let moto: Moto;
let proxy: AwsApi;
let engine: TestEngine;
let ec2: EC2Client;

beforeAll(async () => {
  moto = await startMoto();
  proxy = await startProxy(moto.url);
  const environment = { TEST_CLOUD_PACE: '0.001', AWS_ENDPOINT_URL: proxy.url, AWS_REGION: 'us-east-1' };
  const plugin = {
    server: createPlugin({ log: silent, environment }),
    token: (type: string) => `aws:${type}`,
  };
  engine = await TestEngine.start(plugin);
  const credentials = { accessKeyId: 'other', secretAccessKey: 'other' };
  ec2 = new EC2Client({ endpoint: moto.url, region: 'us-east-1', credentials });
});

afterAll(async () => {
  engine?.stop();
  ec2?.destroy();
  await proxy?.close();
  await moto?.stop();
});

const Disks = z.tuple([z.looseObject({ volumeId: z.string() })]);

/** What moto has of a volume; undefined when it is gone. */
async function volume(id: string) {
  const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
  return Volumes.find(({ VolumeId }) => VolumeId === id);
}

/** Makes it, and finds nothing to do after a refresh. */
async function made(type: string, name: string, program: Properties): Promise<Known> {
  const known = await engine.create(type, name, program);
  const seen = await engine.refresh(known);
  expect(seen?.inputs).toEqual(known.inputs);
  expect(await engine.diff(seen ?? known, program)).toMatchObject({ changed: [], replaces: [] });
  return known;
}

test('every type: made, the same after a refresh, changed in place, gone', async () => {
  const tags = { Name: 'thing' };
  const vpc = await made('ec2/vpc:Vpc', 'v', { cidrBlock: '10.0.0.0/16', enableDnsSupport: false, tags });
  const subnet = { vpcId: vpc.id, cidrBlock: '10.0.0.0/24', mapPublicIpOnLaunch: true, tags };
  const first = await made('ec2/subnet:Subnet', 's', subnet);
  const gateway = await made('ec2/internetGateway:InternetGateway', 'g', { vpcId: vpc.id, tags });
  const table = await made('ec2/routeTable:RouteTable', 't', { vpcId: vpc.id, tags });
  const out = { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id };
  const route = await made('ec2/route:Route', 'r', out);
  const pair = { routeTableId: table.id, subnetId: first.id };
  const association = await made('ec2/routeTableAssociation:RouteTableAssociation', 'a', pair);
  const group = await made('ec2/securityGroup:SecurityGroup', 'group', { vpcId: vpc.id, tags });
  const ssh = {
    securityGroupId: group.id,
    ipProtocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    cidrIpv4: '192.0.2.0/24',
  };
  const rule = await made('vpc/securityGroupIngressRule:SecurityGroupIngressRule', 'ssh', ssh);
  const wider = await engine.update(rule, { ...ssh, cidrIpv4: '192.0.0.0/16' });
  expect(wider.outputs.cidrIpv4).toBe('192.0.0.0/16');
  const key = await made('ec2/keyPair:KeyPair', 'k', { publicKey, tags });
  const program = {
    ami: 'ami-0deb1a13000000064',
    instanceType: 't3.small',
    subnetId: first.id,
    vpcSecurityGroupIds: [group.id],
    associatePublicIpAddress: true,
    keyName: key.id,
    userData: 'one',
    metadataOptions: { httpTokens: 'required' },
    rootBlockDevice: { volumeSize: 16, encrypted: true },
    ebsBlockDevices: [
      { deviceName: '/dev/sdf', volumeSize: 10, volumeType: 'gp3', encrypted: true, tags: { Name: 'etcd' } },
    ],
    tags,
  };
  const instance = await made('ec2/instance:Instance', 'i', program);
  const [disk] = Disks.parse(instance.outputs.ebsBlockDevices);
  expect(instance.outputs.rootBlockDevice).toMatchObject({ volumeSize: 16, encrypted: true });
  expect(await volume(disk.volumeId)).toMatchObject({
    Size: 10,
    VolumeType: 'gp3',
    Encrypted: true,
    Tags: [{ Key: 'Name', Value: 'etcd' }],
    Attachments: [{ InstanceId: instance.id, Device: '/dev/sdf' }],
  });
  // moto tells it of the instance's device alone.
  expect(disk.deleteOnTermination).toBe(true);
  const changed = { ...program, instanceType: 't3.large', userData: 'two', tags: { Name: 'other' } };
  const later = await engine.update(instance, changed);
  const shown = {
    instanceType: 't3.large',
    userData: 'two',
    instanceState: 'running',
    tagsAll: { Name: 'other' },
  };
  expect(later.outputs).toMatchObject(shown);
  const balancer = await made('lb/loadBalancer:LoadBalancer', 'lb', {
    loadBalancerType: 'network',
    subnets: [first.id],
    tags,
  });
  const check = {
    healthCheck: { protocol: 'HTTP', port: '8403', path: '/services/app/80', interval: 5, timeout: 3 },
    targetHealthStates: [{ enableUnhealthyConnectionTermination: false }],
    port: 80,
    protocol: 'TCP',
    vpcId: vpc.id,
    tags,
  };
  const targets = await made('lb/targetGroup:TargetGroup', 'tg', check);
  expect(targets.outputs.healthCheck).toMatchObject(check.healthCheck);
  expect(targets.outputs.targetHealthStates).toMatchObject([
    { enableUnhealthyConnectionTermination: false, unhealthyDrainingInterval: 0 },
  ]);
  const target = { targetGroupArn: targets.id, targetId: instance.id, port: 80 };
  const attachment = await made('lb/targetGroupAttachment:TargetGroupAttachment', 'at', target);
  const actions = [{ type: 'forward', targetGroupArn: targets.id }];
  const listening = {
    loadBalancerArn: balancer.id,
    port: 80,
    protocol: 'TCP',
    defaultActions: actions,
    tags,
  };
  const listener = await made('lb/listener:Listener', 'l', listening);
  const all = [vpc, first, gateway, table, route, association, group, wider, key, later, balancer, targets];
  for (const each of [...all, attachment, listener].toReversed()) {
    await engine.delete(each);
    expect(await engine.refresh(each)).toBeUndefined();
  }
  expect(proxy.inventory.names()).toEqual([]);
  expect(await volume(disk.volumeId)).toBeUndefined();
  expect(proxy.failures).toEqual([]);
});
