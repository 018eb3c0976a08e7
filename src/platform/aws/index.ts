import { existsSync } from 'node:fs';
import { KeyPair } from '@pulumi/aws/ec2/keyPair.js';
import * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan } from '../../plan/plan.ts';
import { cloudName } from '../cloud-name.ts';
import type { Machines, Platform } from '../platform.ts';
import type { Scope } from '../scope.ts';
import { sshFromWarnings } from '../ssh-from.ts';
import { imageOf } from './image.ts';
import { createMachine } from './machines.ts';
import { createNetwork, type Network } from './network.ts';
import { bootOptions, preflight } from './preflight.ts';
import { publish } from './published.ts';
import { createSecurityGroups } from './security-groups.ts';
import { tagsOf } from './tags.ts';

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
    const wanted = preflight(plan, settings, { config, environment: process.env, exists: existsSync });
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
