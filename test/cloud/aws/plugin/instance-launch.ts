import { randomUUID } from 'node:crypto';
import {
  type BlockDeviceMapping,
  DescribeImagesCommand,
  type EC2Client,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { doing } from './failure.ts';
import type { InstanceInputs } from './instance-inputs.ts';
import { required } from './read.ts';
import { retag, tagSpecifications } from './tags.ts';
import { deviceOf, metadataOf, value } from './wire.ts';

/** @returns the new instance, which is pending */
export async function launch(ec2: EC2Client, wanted: InstanceInputs): Promise<Instance> {
  const request = await requestOf(ec2, wanted);
  const reply = await doing('creating EC2 Instance', ec2.send(new RunInstancesCommand(request)));
  return required(reply.Instances?.[0], 'Instance');
}

async function requestOf(ec2: EC2Client, wanted: InstanceInputs): Promise<RunInstancesCommandInput> {
  const { ami, userData, userDataBase64, availabilityZone } = wanted;
  return {
    // With the same one for each try, what was made although its answer got lost is found again.
    ClientToken: randomUUID(),
    MinCount: 1,
    MaxCount: 1,
    ImageId: ami,
    InstanceType: value(wanted.instanceType),
    KeyName: wanted.keyName,
    UserData: userData === undefined ? userDataBase64 : Buffer.from(userData).toString('base64'),
    DisableApiTermination: wanted.disableApiTermination,
    InstanceInitiatedShutdownBehavior: value(wanted.instanceInitiatedShutdownBehavior),
    Monitoring: wanted.monitoring === undefined ? undefined : { Enabled: wanted.monitoring },
    MetadataOptions: metadataOf(wanted.metadataOptions),
    ...(availabilityZone !== undefined && { Placement: { AvailabilityZone: availabilityZone } }),
    BlockDeviceMappings: await mappingsOf(ec2, wanted),
    ...networkOf(wanted),
    TagSpecifications: tagSpecifications('instance', wanted.tags),
  };
}

/** In the stock plugin's order. None at all is left out, and the image has its own. */
async function mappingsOf(
  ec2: EC2Client,
  { ami, rootBlockDevice: root, ebsBlockDevices: others = [] }: InstanceInputs,
): Promise<BlockDeviceMapping[] | undefined> {
  const mappings = [
    ...others.map(({ deviceName, ...device }) => ({ DeviceName: deviceName, Ebs: deviceOf(device) })),
    ...(root ? [{ DeviceName: await rootDeviceName(ec2, ami), Ebs: deviceOf(root) }] : []),
  ];
  return mappings.length > 0 ? mappings : undefined;
}

/** Whether it gets a public address can be said of a network interface only. */
function networkOf(wanted: InstanceInputs): Partial<RunInstancesCommandInput> {
  const { subnetId, privateIp, vpcSecurityGroupIds: groups, associatePublicIpAddress } = wanted;
  if (subnetId === undefined || associatePublicIpAddress === undefined)
    return { SubnetId: subnetId, PrivateIpAddress: privateIp, SecurityGroupIds: groups };
  const first = {
    DeviceIndex: 0,
    SubnetId: subnetId,
    AssociatePublicIpAddress: associatePublicIpAddress,
    PrivateIpAddress: privateIp,
    Groups: groups,
  };
  return { NetworkInterfaces: [first] };
}

async function rootDeviceName(ec2: EC2Client, ami: string | undefined): Promise<string> {
  const ImageIds = [required(ami, 'ami')];
  const { Images } = await doing(
    `reading EC2 AMI (${ami})`,
    ec2.send(new DescribeImagesCommand({ ImageIds })),
  );
  return required(Images?.[0]?.RootDeviceName, 'RootDeviceName');
}

/** Volumes that come with an instance are tagged when it is there. */
export async function tagVolumes(
  ec2: EC2Client,
  instance: Instance,
  { rootBlockDevice: root, ebsBlockDevices: others = [] }: InstanceInputs,
): Promise<void> {
  const devices = [{ deviceName: instance.RootDeviceName, tags: root?.tags }, ...others];
  for (const { deviceName, tags } of devices) {
    const id = volumeAt(instance, deviceName);
    if (id !== undefined) await retag(ec2, id, tags, {});
  }
}

function volumeAt(
  { BlockDeviceMappings = [] }: Instance,
  deviceName: string | undefined,
): string | undefined {
  return BlockDeviceMappings.find(({ DeviceName }) => DeviceName === deviceName)?.Ebs?.VolumeId;
}
