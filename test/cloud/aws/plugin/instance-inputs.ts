import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { tagged } from './tags.ts';

const MetadataOptions = z.strictObject({
  httpEndpoint: z.string().optional(),
  httpProtocolIpv6: z.string().optional(),
  httpPutResponseHopLimit: z.number().int().min(1).max(64).optional(),
  httpTokens: z.string().optional(),
  instanceMetadataTags: z.string().optional(),
});

const BlockDevice = z.strictObject({
  deleteOnTermination: z.boolean().optional(),
  encrypted: z.boolean().optional(),
  iops: z.number().optional(),
  kmsKeyId: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  throughput: z.number().optional(),
  volumeSize: z.number().optional(),
  volumeType: z.string().optional(),
});

const EbsBlockDevice = BlockDevice.extend({ deviceName: z.string() });

export const instanceInputs = z.strictObject({
  ...tagged,
  ami: z.string().optional(),
  associatePublicIpAddress: z.boolean().optional(),
  availabilityZone: z.string().optional(),
  disableApiTermination: z.boolean().optional(),
  ebsBlockDevices: z.array(EbsBlockDevice).optional(),
  forceDestroy: z.boolean().optional(),
  instanceInitiatedShutdownBehavior: z.string().optional(),
  instanceType: z.string().optional(),
  keyName: z.string().optional(),
  metadataOptions: MetadataOptions.optional(),
  monitoring: z.boolean().optional(),
  privateIp: z.string().optional(),
  rootBlockDevice: BlockDevice.optional(),
  sourceDestCheck: z.boolean().optional(),
  subnetId: z.string().optional(),
  userData: z.string().optional(),
  userDataBase64: z.string().optional(),
  userDataReplaceOnChange: z.boolean().optional(),
  vpcSecurityGroupIds: z.array(z.string()).optional(),
});
export type InstanceInputs = z.output<typeof instanceInputs>;
export type Device = z.output<typeof BlockDevice>;

/** Bytes that AWS takes. The stock plugin counts those of `userData` only, and prints the whole of it. */
const mostUserData = 16_384;

/** What no single input shows. */
export function instanceProblems(wanted: Properties): Record<string, string> {
  const { ami, instanceType, userData, userDataBase64 } = wanted;
  return {
    ...(ami === undefined && { ami: 'one of `ami,launch_template` must be specified' }),
    ...(instanceType === undefined && {
      instanceType: 'one of `instance_type,launch_template` must be specified',
    }),
    ...(userData !== undefined &&
      userDataBase64 !== undefined && { userData: 'conflicts with user_data_base64' }),
    ...(typeof userData === 'string' &&
      Buffer.byteLength(userData) > mostUserData && {
        userData: `expected length of user_data to be in the range (0 - ${mostUserData}), got ${userData}`,
      }),
  };
}
