import type { EbsBlockDevice, InstanceMetadataOptionsRequest } from '@aws-sdk/client-ec2';
import type { InstanceInputs, RootDevice } from './instance-inputs.ts';

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

export function deviceOf(root: RootDevice): EbsBlockDevice {
  return {
    DeleteOnTermination: root.deleteOnTermination,
    Encrypted: root.encrypted,
    Iops: root.iops,
    KmsKeyId: root.kmsKeyId,
    Throughput: root.throughput,
    VolumeSize: root.volumeSize,
    VolumeType: value(root.volumeType),
  };
}
