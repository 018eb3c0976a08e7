import {
  DescribeInstanceAttributeCommand,
  DescribeVolumesCommand,
  type EC2Client,
  type Instance,
  type InstanceAttributeName,
  type InstanceBlockDeviceMapping,
} from '@aws-sdk/client-ec2';
import type { Properties } from '../../../../src/provider/resource.ts';
import { arnOf, required } from './read.ts';
import type { Session } from './session.ts';
import { tagOutputs } from './tags.ts';

/** All that the state has of an instance. */
export async function instanceOutputs(
  { ec2, settings }: Session,
  id: string,
  found: Instance,
  known: Properties,
): Promise<Properties> {
  const primary = found.NetworkInterfaces?.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
  // moto keeps those of an instance that was launched with an interface on the interface alone.
  const groups = found.SecurityGroups?.length ? found.SecurityGroups : (primary?.Groups ?? []);
  return {
    ...tagOutputs(found.Tags),
    arn: arnOf(settings, primary?.OwnerId, `instance/${id}`),
    ami: found.ImageId,
    associatePublicIpAddress: primary?.Association !== undefined,
    availabilityZone: found.Placement?.AvailabilityZone,
    ebsOptimized: found.EbsOptimized ?? false,
    instanceState: found.State?.Name,
    instanceType: found.InstanceType,
    ipv6Addresses: (primary?.Ipv6Addresses ?? []).flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
    keyName: found.KeyName ?? '',
    metadataOptions: {
      httpEndpoint: found.MetadataOptions?.HttpEndpoint,
      httpProtocolIpv6: found.MetadataOptions?.HttpProtocolIpv6,
      httpPutResponseHopLimit: found.MetadataOptions?.HttpPutResponseHopLimit,
      httpTokens: found.MetadataOptions?.HttpTokens,
      instanceMetadataTags: found.MetadataOptions?.InstanceMetadataTags,
    },
    monitoring: ['enabled', 'pending'].includes(found.Monitoring?.State ?? ''),
    primaryNetworkInterfaceId: primary?.NetworkInterfaceId ?? '',
    privateDns: found.PrivateDnsName ?? '',
    privateIp: found.PrivateIpAddress ?? '',
    publicDns: found.PublicDnsName ?? '',
    publicIp: found.PublicIpAddress ?? '',
    ...(await devices(ec2, found)),
    // Names are for groups outside of VPCs.
    securityGroups: found.VpcId === undefined ? groups.map(({ GroupName }) => GroupName) : [],
    sourceDestCheck: found.SourceDestCheck ?? true,
    subnetId: found.SubnetId ?? '',
    tenancy: found.Placement?.Tenancy ?? 'default',
    vpcSecurityGroupIds: found.VpcId === undefined ? [] : groups.map(({ GroupId }) => GroupId),
    ...(await attributes(ec2, id, known)),
  };
}

async function attributes(ec2: EC2Client, id: string, known: Properties): Promise<Properties> {
  const describe = (Attribute: InstanceAttributeName) =>
    ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute }));
  const [termination, shutdown, data] = await Promise.all([
    describe('disableApiTermination'),
    describe('instanceInitiatedShutdownBehavior'),
    describe('userData'),
  ]);
  return {
    disableApiTermination: termination.DisableApiTermination?.Value ?? false,
    instanceInitiatedShutdownBehavior: shutdown.InstanceInitiatedShutdownBehavior?.Value ?? '',
    ...userData(data.UserData?.Value, known),
  };
}

/** In the form in which the program gave it. */
function userData(encoded: string | undefined, known: Properties): Properties {
  if (encoded === undefined || encoded === '') return {};
  if (known.userDataBase64 !== undefined) return { userDataBase64: encoded };
  return { userData: Buffer.from(encoded, 'base64').toString('utf8') };
}

async function devices(
  ec2: EC2Client,
  { BlockDeviceMappings: mappings = [], RootDeviceName }: Instance,
): Promise<Properties> {
  const isRoot = ({ DeviceName }: InstanceBlockDeviceMapping) => DeviceName === RootDeviceName;
  const root = mappings.find(isRoot);
  const others = mappings.filter((each) => !isRoot(each));
  return {
    rootBlockDevice: root && (await device(ec2, root)),
    ebsBlockDevices: await Promise.all(others.map((each) => device(ec2, each))),
  };
}

async function device(ec2: EC2Client, { DeviceName, Ebs }: InstanceBlockDeviceMapping): Promise<Properties> {
  const id = required(Ebs?.VolumeId, 'VolumeId');
  const { Volumes: [volume] = [] } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  return {
    ...tagOutputs(volume?.Tags),
    deleteOnTermination: Ebs?.DeleteOnTermination,
    deviceName: DeviceName,
    encrypted: volume?.Encrypted,
    iops: volume?.Iops,
    kmsKeyId: volume?.KmsKeyId ?? '',
    throughput: volume?.Throughput ?? 0,
    volumeId: id,
    volumeSize: volume?.Size,
    volumeType: volume?.VolumeType,
  };
}
