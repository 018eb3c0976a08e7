import { existsSync } from 'node:fs';
import type { Instance } from '@pulumi/aws/ec2/instance.js';
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js';
import * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import type { Machines, Platform } from '../platform.ts';
import { stayIn } from '../region.ts';
import type { Scope } from '../scope.ts';
import { sshFromWarnings } from '../ssh-from.ts';
import { imageOf } from './image.ts';
import { createMachine } from './machines.ts';
import { createNetwork, type Network } from './network.ts';
import { type AwsPlan, bootOptions, preflight } from './preflight.ts';
import { publish } from './published.ts';
import { createSecurityGroups } from './security-groups.ts';
import { tagsOf } from './tags.ts';
import { strandedText } from './zones.ts';

/** Instances in a VPC of their own, spread over the zones of a region of AWS. */
export const awsPlatform: Platform = {
  async createMachines(
    plan: ClusterPlan,
    authorizedKey: pulumi.Output<string>,
    _privateKey: pulumi.Output<string>,
    scope: Scope,
  ): Promise<Machines> {
    const { aws: settings, name: stack } = plan;
    if (!settings) throw new TypeError('a plan for AWS has settings of aws');
    const config = pulumi.runtime.allConfig();
    const wanted = preflight(plan, settings, {
      stack: pulumi.getStack(),
      config,
      environment: process.env,
      exists: existsSync,
    });
    await stayIn({ region: wanted.region, setting: 'aws:region' }, scope);
    for (const warning of sshFromWarnings('flotilla:aws.sshFrom', settings.sshFrom, plan.proxyJump))
      pulumi.log.warn(warning);
    const network = createNetwork(plan, wanted, scope);
    warnOfMove(plan, network);
    const securityGroups = createSecurityGroups(plan, network.vpc, settings, scope);
    const keyPair = new KeyPair(
      cloudName(stack),
      { publicKey: authorizedKey, tags: tagsOf(stack) },
      scope.options,
    );
    const image = imageOf(plan.os, settings, scope);
    const args = { stack, authorizedKey, keyPair, image, network, securityGroups, scope };
    const made = wanted.instances.map((each) => createMachine(each, args));
    refuseStranded(
      wanted,
      made.map(({ instance }) => instance),
    );
    const instances = new Map(made.map(({ machine, instance }) => [machine.plan.name, instance]));
    return {
      lifetime: network.vpc,
      machines: made.map(({ machine }) => machine),
      emulated: bootOptions.emulated,
      published: publish(plan, { network, securityGroups, instances, scope }, settings),
    };
  },
};

/** What the network pins (network.ts), somebody may have wanted to change. */
function warnOfMove({ network }: ClusterPlan, { vpc }: Network): void {
  vpc.cidrBlock.apply((actual) => {
    if (actual === network) return;
    pulumi.log.warn(
      `The cluster stays on ${actual}: its network can't change while it lives. To move it to ${network}, destroy the ` +
        'stack and bring it up again',
    );
  });
}

/**
 * The subnet of a zone that was taken out of the config would go, and AWS would refuse that after some minutes. Thrown, the
 * error ends the program, and the engine deletes nothing then; after one that is only logged it does.
 */
function refuseStranded({ region, zones, instances }: AwsPlan, made: readonly Instance[]): void {
  pulumi.all(made.map(({ availabilityZone }) => availabilityZone)).apply((actual) => {
    const stranded = instances.flatMap(({ machine: { name, group } }, index) => {
      const zone = (actual[index] ?? '').slice(region.length);
      return zones.some((each) => each === zone) ? [] : [{ name, group, zone }];
    });
    if (stranded.length === 0) return;
    const text = strandedText(stranded);
    // Pulumi shows the stack of every other error, and takes its time for that.
    throw Object.assign(new pulumi.RunError(text), { stack: text });
  });
}
