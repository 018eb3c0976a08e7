import { randomUUID } from 'node:crypto';
import {
  CreateTagsCommand,
  DescribeImagesCommand,
  type EC2Client,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { doing } from './failure.ts';
import type { InstanceInputs } from './instance-inputs.ts';
import { required } from './read.ts';
import { tagSpecifications, wireTags } from './tags.ts';
import { deviceOf, metadataOf, value } from './wire.ts';

/** @returns the new instance, which is pending */
export async function launch(ec2: EC2Client, wanted: InstanceInputs): Promise<Instance> {
  const request = await requestOf(ec2, wanted);
  const reply = await doing('creating EC2 Instance', ec2.send(new RunInstancesCommand(request)));
  return required(reply.Instances?.[0], 'Instance');
}

async function requestOf(ec2: EC2Client, wanted: InstanceInputs): Promise<RunInstancesCommandInput> {
  const { ami, userData, userDataBase64, rootBlockDevice: root, availabilityZone } = wanted;
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
    ...(root && {
      BlockDeviceMappings: [{ DeviceName: await rootDeviceName(ec2, ami), Ebs: deviceOf(root) }],
    }),
    ...networkOf(wanted),
    TagSpecifications: tagSpecifications('instance', wanted.tags),
  };
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

/** A volume that comes with an instance is tagged when it is there. */
export async function tagRootVolume(ec2: EC2Client, instance: Instance, { rootBlockDevice }: InstanceInputs) {
  const tags = wireTags(rootBlockDevice?.tags ?? {});
  const id = rootVolumeOf(instance);
  if (tags.length > 0 && id !== undefined)
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: tags }));
}

export function rootVolumeOf({ BlockDeviceMappings = [], RootDeviceName }: Instance): string | undefined {
  return BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs?.VolumeId;
}
