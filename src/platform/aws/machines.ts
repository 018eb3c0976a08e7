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
];

/** GiB that images have, or less: a disk can't be smaller. Debian's and Ubuntu's have 8, Flatcar's some more. */
const imageDisk: Readonly<Record<OperatingSystem, number>> = {
  'debian-13': 8,
  'debian-12': 8,
  'ubuntu-24.04': 8,
  flatcar: 12,
};

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
      rootBlockDevice: {
        volumeType: 'gp3',
        volumeSize: Math.max(plan.disk, imageDisk[plan.os]),
        encrypted: true,
        deleteOnTermination: true,
        tags: tagsOf(stack, plan.name),
      },
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

/** What stays as it was when the machine began, somebody may have wanted to change. */
function warnOfHardware({ name, group, disk }: MachinePlan, type: string, instance: Instance): void {
  const warn = (has: string, wanted: string) =>
    pulumi.log.warn(
      `${name} stays ${has}: ${wanted} is for new machines. Raise flotilla:machines.${group}.generation`,
    );
  instance.instanceType.apply((actual) => {
    if (actual !== type) warn(actual, type);
  });
  instance.rootBlockDevice.apply(({ volumeSize }) => {
    if (volumeSize < disk) warn(`with ${volumeSize} GiB of disk`, `${disk} GiB`);
  });
}
