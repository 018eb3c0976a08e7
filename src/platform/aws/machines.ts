import { Instance } from '@pulumi/aws/ec2/instance.js';
import type { KeyPair } from '@pulumi/aws/ec2/keyPair.js';
import * as pulumi from '@pulumi/pulumi';
import { adminUser } from '../../../cloud-config/build.ts';
import { renderFirstBoot } from '../../../cloud-config/first-boot.ts';
import type { OperatingSystem } from '../../model/operating-system.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import { firstBoot, machineLife } from '../first-boot.ts';
import type { BootedMachine } from '../platform.ts';
import type { Scope } from '../scope.ts';
import { packed } from '../user-data.ts';
import type { Network } from './network.ts';
import { bootOptions, type InstancePlan } from './preflight.ts';
import type { SecurityGroups } from './security-groups.ts';
import { tagsOf } from './tags.ts';

export interface InstanceArgs {
  /** The stack's name. */
  readonly stack: string;
  readonly authorizedKey: pulumi.Output<string>;
  /** The same key as AWS knows it. */
  readonly keyPair: KeyPair;
  readonly image: pulumi.Output<string>;
  readonly network: Network;
  readonly securityGroups: SecurityGroups;
  readonly scope: Scope;
}

/**
 * Read once, when an instance begins. For another image, key or zone the provider would replace it; for other user data,
 * which nothing reads, and for another type it would be stopped and started, all at once with its like.
 */
const firstBootInputs = [
  'ami',
  'userDataBase64',
  'keyName',
  'instanceType',
  'availabilityZone',
  'subnetId',
  'rootBlockDevice',
  'ebsBlockDevices',
];

/** GiB that images have, or less: a disk can't be smaller. Debian's and Ubuntu's have 8, Flatcar's some more. */
const imageDisk: Readonly<Record<OperatingSystem, number>> = {
  'debian-13': 8,
  'debian-12': 8,
  'ubuntu-24.04': 8,
  flatcar: 12,
};

/**
 * Of those that EC2 keeps for data volumes on every type (user guide, "Device names for volumes"). The machine may call it
 * otherwise: etcd finds its disk by other means (src/etcd/disk.ts).
 */
const etcdDevice = '/dev/sdf';

export function createMachine(
  { machine: plan, size, zone }: InstancePlan,
  args: InstanceArgs,
): { machine: BootedMachine; instance: Instance } {
  const { stack, authorizedKey, keyPair, image, network, securityGroups, scope } = args;
  const { config, oneTimeHostKey } = firstBoot(plan, authorizedKey, bootOptions, scope);
  const subnet = network.subnets.get(zone);
  const group = securityGroups.groups.get(plan.group);
  if (!subnet || !group) throw new TypeError(`${plan.name} was planned without a subnet or a group`);
  const instance = new Instance(
    scope.name(plan.name),
    {
      ami: image,
      instanceType: size.type,
      availabilityZone: subnet.availabilityZone,
      subnetId: subnet.id,
      vpcSecurityGroupIds: [securityGroups.members.id, group.id],
      keyName: keyPair.keyName,
      // It holds the one-time host key. Always this input: from it to userData and back the provider knows no way.
      userDataBase64: pulumi.secret(
        config.apply((each) => packed(renderFirstBoot(plan.os, each), plan.os).toString('base64')),
      ),
      // Containers are a hop away.
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      rootBlockDevice: diskOf(Math.max(plan.disk, imageDisk[plan.os]), tagsOf(stack, plan.name)),
      // Within the instance, not a volume beside it: it comes and goes with its machine, and can't be moved to another one.
      ...(plan.etcdDisk !== undefined && {
        ebsBlockDevices: [
          { deviceName: etcdDevice, ...diskOf(plan.etcdDisk, tagsOf(stack, `${plan.name}-etcd`)) },
        ],
      }),
      tags: tagsOf(stack, plan.name),
    },
    {
      ...scope.options,
      ...machineLife(plan, firstBootInputs),
      // The old one goes when the units have moved.
      deleteBeforeReplace: false,
      dependsOn: [network.vpc, ...network.routes, ...securityGroups.rules],
    },
  );
  warnOfHardware(plan, size.type, instance);
  const machine = {
    plan,
    resource: instance,
    address: instance.privateIp,
    user: adminUser,
    host: instance.publicIp,
    port: pulumi.output(22),
    incarnation: instance.id,
    metadata: { zone: instance.availabilityZone, 'instance-type': instance.instanceType },
    oneTimeHostKey,
  };
  return { machine, instance };
}

/** @param size in GiB */
function diskOf(size: number, tags: ReturnType<typeof tagsOf>) {
  return { volumeType: 'gp3', volumeSize: size, encrypted: true, deleteOnTermination: true, tags };
}

/** What an instance was found to be made of, as far as it stays so. */
interface ActualHardware {
  readonly type: string;
  /** GiB */
  readonly disk: number;
  /** GiB; undefined where etcd has no disk of its own. */
  readonly etcdDisk: number | undefined;
}

/** What stays as it was when the machine began, and somebody may have wanted to change. */
export function hardwareWarnings(plan: MachinePlan, type: string, actual: ActualHardware): string[] {
  const { name, group, disk, etcd, etcdDisk } = plan;
  const next = etcd
    ? 'Members of etcd are not replaced so far: only another stack would have it'
    : `Raise flotilla:machines.${group}.generation`;
  const forEtcd = (size: number | undefined) =>
    size === undefined ? 'no disk for etcd' : `a disk of ${size} GiB for etcd`;
  const differing = [
    ...(actual.type === type ? [] : [[actual.type, type]]),
    ...(actual.disk >= disk ? [] : [[`with ${actual.disk} GiB of disk`, `${disk} GiB`]]),
    ...(actual.etcdDisk === etcdDisk ? [] : [[`with ${forEtcd(actual.etcdDisk)}`, forEtcd(etcdDisk)]]),
  ];
  return differing.map(([has, wanted]) => `${name} stays ${has}: ${wanted} is for new machines. ${next}`);
}

function warnOfHardware(plan: MachinePlan, type: string, instance: Instance): void {
  pulumi
    .all([instance.instanceType, instance.rootBlockDevice, instance.ebsBlockDevices])
    .apply(([actual, root, others]) => {
      const etcdDisk = others?.find(({ deviceName }) => deviceName === etcdDevice)?.volumeSize;
      const found = { type: actual, disk: root.volumeSize, etcdDisk };
      for (const warning of hardwareWarnings(plan, type, found)) pulumi.log.warn(warning);
    });
}
