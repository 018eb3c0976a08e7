import { isDeepStrictEqual } from 'node:util';
import {
  ModifyInstanceAttributeCommand,
  type ModifyInstanceAttributeCommandInput,
  ModifyInstanceMetadataOptionsCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ModifyVolumeCommand,
  MonitorInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  UnmonitorInstancesCommand,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { waitFor } from '../../plugin/wait.ts';
import { doing } from './failure.ts';
import type { InstanceInputs } from './instance-inputs.ts';
import { findInstance, waitForInstance } from './instance-state.ts';
import type { Session } from './session.ts';
import { retag } from './tags.ts';
import { metadataOf, value } from './wire.ts';

/** Seconds. */
const metadataTimeout = 600;

/** Changes what can change without another machine, one after the other, in the stock plugin's order. */
export async function updateInstance(
  session: Session,
  id: string,
  wanted: InstanceInputs,
  old: Properties,
): Promise<void> {
  const changed = (key: keyof InstanceInputs) =>
    wanted[key] !== undefined && !isDeepStrictEqual(wanted[key], old[key]);
  await retag(session.ec2, id, wanted.tags, old.tags);
  if (changed('vpcSecurityGroupIds')) await setGroups(session, wanted.vpcSecurityGroupIds, old);
  if (changed('instanceType'))
    await whileStopped(session, id, 'InstanceType', { InstanceType: { Value: wanted.instanceType } });
  if (changed('userData')) await setUserData(session, id, Buffer.from(wanted.userData ?? ''));
  if (changed('userDataBase64'))
    await setUserData(session, id, Buffer.from(wanted.userDataBase64 ?? '', 'base64'));
  if (changed('disableApiTermination'))
    await modify(session, id, 'DisableApiTermination', {
      DisableApiTermination: { Value: wanted.disableApiTermination },
    });
  if (changed('instanceInitiatedShutdownBehavior'))
    await modify(session, id, 'InstanceInitiatedShutdownBehavior', {
      InstanceInitiatedShutdownBehavior: { Value: wanted.instanceInitiatedShutdownBehavior },
    });
  if (changed('sourceDestCheck')) await setSourceDestCheck(session, id, wanted.sourceDestCheck ?? true);
  if (changed('monitoring')) await monitor(session, id, wanted.monitoring ?? false);
  if (partlyChanged(wanted.metadataOptions, old.metadataOptions)) await setMetadata(session, id, wanted);
  if (partlyChanged(wanted.rootBlockDevice, old.rootBlockDevice))
    await setRootDevice(session, id, wanted, old);
  if (changed('ebsBlockDevices')) await retagDevices(session, wanted, old);
}

const Devices = z
  .array(z.looseObject({ deviceName: z.string(), volumeId: z.string(), tags: z.unknown() }))
  .default([]);

/** Of a volume beside the root's all else is the same, or there would be another instance. */
async function retagDevices({ ec2 }: Session, wanted: InstanceInputs, old: Properties): Promise<void> {
  for (const { deviceName, volumeId, tags } of Devices.parse(old.ebsBlockDevices)) {
    const device = wanted.ebsBlockDevices?.find((each) => each.deviceName === deviceName);
    if (device?.tags !== undefined) await retag(ec2, volumeId, device.tags, tags);
  }
}

/** Whether something that the program says is not so. */
function partlyChanged(wanted: object | undefined, old: unknown): boolean {
  const before = { ...z.looseObject({}).optional().parse(old) };
  return Object.entries(wanted ?? {}).some(([key, each]) => !isDeepStrictEqual(each, before[key]));
}

export async function setSourceDestCheck(session: Session, id: string, wanted: boolean): Promise<void> {
  await modify(session, id, 'SourceDestCheck', { SourceDestCheck: { Value: wanted } });
}

export async function allowTermination(session: Session, id: string): Promise<void> {
  await modify(session, id, 'DisableApiTermination', { DisableApiTermination: { Value: false } });
}

type Attribute = Omit<ModifyInstanceAttributeCommandInput, 'InstanceId'>;

async function modify({ ec2 }: Session, id: string, name: string, attribute: Attribute): Promise<void> {
  const command = new ModifyInstanceAttributeCommand({ InstanceId: id, ...attribute });
  await doing(`modifying EC2 Instance (${id}) ${name} attribute`, ec2.send(command));
}

/** It stays stopped when AWS refuses the change. cloud-init does not run again by itself, and public addresses change. */
async function whileStopped(session: Session, id: string, name: string, attribute: Attribute): Promise<void> {
  const { ec2 } = session;
  await doing(`stopping EC2 Instance (${id})`, ec2.send(new StopInstancesCommand({ InstanceIds: [id] })));
  await waitForInstance(session, id, 'stopped');
  await modify(session, id, name, attribute);
  await doing(`starting EC2 Instance (${id})`, ec2.send(new StartInstancesCommand({ InstanceIds: [id] })));
  await waitForInstance(session, id, 'started');
}

function setUserData(session: Session, id: string, data: Uint8Array): Promise<void> {
  return whileStopped(session, id, 'UserData', { UserData: { Value: data } });
}

async function setGroups({ ec2 }: Session, groups: readonly string[] = [], old: Properties): Promise<void> {
  const id = String(old.primaryNetworkInterfaceId);
  const request = { NetworkInterfaceId: id, Groups: [...groups] };
  await doing(
    `modifying EC2 Network Interface (${id}) security groups`,
    ec2.send(new ModifyNetworkInterfaceAttributeCommand(request)),
  );
}

async function monitor({ ec2 }: Session, id: string, wanted: boolean): Promise<void> {
  const request = { InstanceIds: [id] };
  const reply = wanted
    ? ec2.send(new MonitorInstancesCommand(request))
    : ec2.send(new UnmonitorInstancesCommand(request));
  await doing(
    `updating EC2 Instance (${id}) monitoring`,
    reply.then(() => undefined),
  );
}

async function setMetadata({ ec2, settings }: Session, id: string, wanted: InstanceInputs): Promise<void> {
  const request = { InstanceId: id, ...metadataOf(wanted.metadataOptions) };
  await doing(
    `updating EC2 Instance (${id}) metadata options`,
    ec2.send(new ModifyInstanceMetadataOptionsCommand(request)),
  );
  const look = async () => (await findInstance(ec2, id))?.MetadataOptions?.State;
  const wait = {
    pending: ['pending'],
    target: 'applied',
    look,
    timeout: metadataTimeout,
    delay: 10,
    poll: 3,
  };
  await waitFor(wait, settings);
}

async function setRootDevice(
  session: Session,
  id: string,
  wanted: InstanceInputs,
  old: Properties,
): Promise<void> {
  const { ec2 } = session;
  const root = wanted.rootBlockDevice ?? {};
  const before = z.looseObject({ volumeId: z.string(), deviceName: z.string() }).parse(old.rootBlockDevice);
  const { volumeSize, volumeType, iops, throughput } = root;
  if (partlyChanged({ ...(volumeSize && { volumeSize }), ...(volumeType && { volumeType }) }, before)) {
    const command = new ModifyVolumeCommand({
      VolumeId: before.volumeId,
      Size: volumeSize,
      VolumeType: value(volumeType),
      Iops: iops,
      Throughput: throughput,
    });
    await doing(`updating EC2 Instance (${id}) volume (${before.volumeId})`, ec2.send(command));
  }
  if (root.deleteOnTermination !== undefined && root.deleteOnTermination !== before.deleteOnTermination)
    await modify(session, id, 'BlockDeviceMappings', {
      BlockDeviceMappings: [
        { DeviceName: before.deviceName, Ebs: { DeleteOnTermination: root.deleteOnTermination } },
      ],
    });
  if (root.tags !== undefined) await retag(ec2, before.volumeId, root.tags, before.tags);
}
