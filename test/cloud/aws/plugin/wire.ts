import type { EbsBlockDevice, InstanceMetadataOptionsRequest } from '@aws-sdk/client-ec2';
import type { Device, InstanceInputs } from './instance-inputs.ts';

/** AWS says itself which values it takes; the SDK's types list those of the SDK's own time. */
export function value<T extends string>(text: string | undefined): T | undefined {
  return text as T | undefined;
}

export function metadataOf(
  options: InstanceInputs['metadataOptions'],
): InstanceMetadataOptionsRequest | undefined {
  return (
    options && {
      HttpEndpoint: value(options.httpEndpoint),
      HttpProtocolIpv6: value(options.httpProtocolIpv6),
      HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
      HttpTokens: value(options.httpTokens),
      InstanceMetadataTags: value(options.instanceMetadataTags),
    }
  );
}

export function deviceOf(device: Device): EbsBlockDevice {
  return {
    DeleteOnTermination: device.deleteOnTermination,
    Encrypted: device.encrypted,
    Iops: device.iops,
    KmsKeyId: device.kmsKeyId,
    Throughput: device.throughput,
    VolumeSize: device.volumeSize,
    VolumeType: value(device.volumeType),
  };
}
