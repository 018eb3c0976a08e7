import { isDeepStrictEqual } from 'node:util';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { awsType } from './aws-type.ts';
import { doing, unlessGone } from './failure.ts';
import { instanceInputs, instanceProblems } from './instance-inputs.ts';
import { launch, tagVolumes } from './instance-launch.ts';
import { instanceOutputs } from './instance-read.ts';
import { findInstance, waitForInstance } from './instance-state.ts';
import { allowTermination, setSourceDestCheck, updateInstance } from './instance-update.ts';
import { required } from './read.ts';

/** What of the root volume can't be changed later. */
const Encryption = z
  .object({ encrypted: z.boolean().optional(), kmsKeyId: z.string().optional() })
  .default({});

const Untagged = z
  .array(z.looseObject({ deviceName: z.string() }).transform(({ tags, ...device }) => device))
  .default([]);

/** User data changes in place, while the instance is stopped, unless the program asks for another one. */
const ifAsked = (_old: unknown, _value: unknown, { userDataReplaceOnChange }: Record<string, unknown>) =>
  userDataReplaceOnChange === true;

export const instance = awsType<typeof instanceInputs.shape>({
  inputs: instanceInputs,
  computed: [
    'ami',
    'arn',
    'associatePublicIpAddress',
    'availabilityZone',
    'disableApiTermination',
    'ebsBlockDevices',
    'ebsOptimized',
    'instanceInitiatedShutdownBehavior',
    'instanceState',
    'instanceType',
    'ipv6Addresses',
    'keyName',
    'metadataOptions',
    'monitoring',
    'primaryNetworkInterfaceId',
    'privateDns',
    'privateIp',
    'publicDns',
    'publicIp',
    'rootBlockDevice',
    'securityGroups',
    'subnetId',
    'tagsAll',
    'tenancy',
    'vpcSecurityGroupIds',
  ],
  changes: {
    region: 'replace',
    ami: 'replace',
    associatePublicIpAddress: 'replace',
    availabilityZone: 'replace',
    keyName: 'replace',
    privateIp: 'replace',
    subnetId: 'replace',
    rootBlockDevice: (old, value) => {
      const [before, now] = [Encryption.parse(old), Encryption.parse(value)];
      return before.encrypted !== now.encrypted || before.kmsKeyId !== now.kmsKeyId;
    },
    ebsBlockDevices: (old, value) => !isDeepStrictEqual(Untagged.parse(old), Untagged.parse(value)),
    userData: ifAsked,
    userDataBase64: ifAsked,
  },
  defaults: { forceDestroy: false, sourceDestCheck: true, userDataReplaceOnChange: false },
  innerDefaults: {
    rootBlockDevice: { deleteOnTermination: true },
    ebsBlockDevices: { deleteOnTermination: true },
  },
  partial: ['metadataOptions', 'rootBlockDevice', 'ebsBlockDevices'],
  sets: ['vpcSecurityGroupIds', 'ebsBlockDevices'],
  problems: instanceProblems,
  async create(session, wanted, made) {
    const id = required((await launch(session.ec2, wanted)).InstanceId, 'InstanceId');
    made(id);
    const running = await waitForInstance(session, id, 'created');
    await tagVolumes(session.ec2, running, wanted);
    if (wanted.sourceDestCheck === false) await setSourceDestCheck(session, id, false);
  },
  async read(session, id, known) {
    const found = await findInstance(session.ec2, id);
    if (!found || found.State?.Name === 'terminated') return undefined;
    return instanceOutputs(session, id, found, known);
  },
  update: updateInstance,
  async remove(session, id, { disableApiTermination, forceDestroy }) {
    if (disableApiTermination === true && forceDestroy === true) await allowTermination(session, id);
    const command = new TerminateInstancesCommand({ InstanceIds: [id] });
    const gone = unlessGone(session.ec2.send(command), 'InvalidInstanceID.NotFound');
    const reply = await doing(`terminating EC2 Instance (${id})`, gone);
    if (reply) await waitForInstance(session, id, 'terminated');
  },
});
