import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { FakeMachines } from '../fake-machines.ts';
import { Instances } from './instances.ts';
import type { Answer } from './refusal.ts';

const answer = (body: string): Answer => ({ status: 200, headers: {}, body });
const described = (address: string) =>
  answer(
    `<item><instanceId>i-1</instanceId><ipAddress>${address}</ipAddress><publicIp>${address}</publicIp></item>`,
  );

const root = '<rootDeviceName>/dev/xvda</rootDeviceName>';

async function run(machines: FakeMachines) {
  const instances = new Instances(machines);
  const ec2 = (action: string, params: Record<string, string>, body: string) =>
    instances.heed({ service: 'ec2', action, params }, answer(body));
  await ec2('CreateVpc', { CidrBlock: '10.77.0.0/16' }, '<vpcId>vpc-1</vpcId>');
  const launch = {
    ImageId: 'ami-0deb1a13000000064',
    InstanceType: 't3.micro',
    UserData: gzipSync('#cloud-config\n').toString('base64'),
    'TagSpecification.1.Tag.1.Key': 'Name',
    'TagSpecification.1.Tag.1.Value': 'core-1',
    'BlockDeviceMapping.1.DeviceName': '/dev/sdf',
    'BlockDeviceMapping.1.Ebs.VolumeSize': '10',
    'BlockDeviceMapping.2.DeviceName': '/dev/xvda',
    'BlockDeviceMapping.2.Ebs.VolumeSize': '12',
  };
  await ec2(
    'RunInstances',
    launch,
    `<instanceId>i-1</instanceId><vpcId>vpc-1</vpcId><privateIpAddress>10.77.1.4</privateIpAddress>${root}`,
  );
  return { instances, ec2, launch };
}

describe('an instance', () => {
  test('is a machine with the user data, size, disks and address that it was asked for with', async () => {
    const machines = new FakeMachines();
    await run(machines);
    expect(machines.named('core-1').spec).toMatchObject({
      id: 'i-1',
      userData: '#cloud-config\n',
      image: 'debian-13-x64',
      size: { vcpus: 2, memory: 1024, disk: 12 },
      disks: [10],
      network: { id: 'vpc-1', range: '10.77.0.0/16', address: '10.77.1.4' },
    });
  });

  test('is said to be where its machine is reached, whatever address moto gave it', async () => {
    const { instances } = await run(new FakeMachines());
    const call = { service: 'ec2', action: 'DescribeInstances', params: {} };
    const { body } = await instances.heed(call, described('54.1.2.3'));
    expect(body).not.toContain('54.1.2.3');
    const [, ip] = /<ipAddress>([^<]+)</.exec(body) ?? [];
    expect(body).toContain(`<publicIp>${ip}</publicIp>`);
  });

  test('that is terminated takes its machine along', async () => {
    const machines = new FakeMachines();
    const { ec2 } = await run(machines);
    await ec2('TerminateInstances', { 'InstanceId.1': 'i-1' }, '<instanceId>i-1</instanceId>');
    expect(() => machines.named('core-1')).toThrow();
  });

  test('of an image or a type that no machine can have is refused', async () => {
    const { ec2, launch } = await run(new FakeMachines());
    const body = `<instanceId>i-2</instanceId><vpcId>vpc-1</vpcId><privateIpAddress>10.77.1.5</privateIpAddress>${root}`;
    await expect(ec2('RunInstances', { ...launch, ImageId: 'ami-1' }, body)).rejects.toThrow('ami-1: of AWS');
    const other = { ...launch, InstanceType: 'm1.small' };
    await expect(ec2('RunInstances', other, body)).rejects.toThrow('m1.small: no machine of that type');
  });
});
