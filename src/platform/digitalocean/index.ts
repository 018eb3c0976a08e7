import { Project } from '@pulumi/digitalocean/project.js';
import { SshKey } from '@pulumi/digitalocean/sshKey.js';
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
import { bootOptions, preflight } from './preflight.ts';
import { publish } from './published.ts';
import { warnOfStrays } from './strays.ts';

/** Droplets in a VPC of their own, on DigitalOcean. */
export const digitaloceanPlatform: Platform = {
  async createMachines(
    plan: ClusterPlan,
    authorizedKey: pulumi.Output<string>,
    _privateKey: pulumi.Output<string>,
    scope: Scope,
  ): Promise<Machines> {
    const { digitalocean: settings } = plan;
    if (!settings) throw new TypeError('a plan for DigitalOcean has settings of digitalocean');
    const credentials = {
      stack: pulumi.getStack(),
      config: pulumi.runtime.allConfig(),
      environment: process.env,
    };
    const wanted = preflight(plan, settings, credentials);
    await stayIn({ region: settings.region, setting: 'flotilla:digitalocean.region' }, scope);
    for (const warning of sshFromWarnings('flotilla:digitalocean.sshFrom', settings.sshFrom, plan.proxyJump))
      pulumi.log.warn(warning);
    const network = createNetwork(plan, settings, scope);
    warnOfMove(plan, settings.region, network);
    const loginKey = new SshKey(cloudName(plan.name), { publicKey: authorizedKey }, scope.options);
    const image = imageOf(plan.os, settings);
    const made = wanted.map(({ machine, size }) =>
      createMachine(machine, { authorizedKey, loginKey, size, image, network, scope }),
    );
    const droplets = new Map(made.map(({ machine, droplet }) => [machine.plan.name, droplet]));
    warnOfStrays(network.members.name, [...droplets.values()]);
    const { project } = settings;
    const { addresses, loadBalancers } = publish(plan, network, { ...settings, droplets, scope });
    if (project !== undefined)
      new Project(
        cloudName(plan.name),
        {
          name: project,
          description: `Flotilla's stack ${plan.name}`,
          resources: [
            ...[...droplets.values()].map(({ dropletUrn }) => dropletUrn),
            ...loadBalancers.map(({ loadBalancerUrn }) => loadBalancerUrn),
          ],
        },
        scope.options,
      );
    return {
      lifetime: network.vpc,
      machines: made.map(({ machine }) => machine),
      emulated: bootOptions.emulated,
      published: addresses,
    };
  },
};

/** What the network pins (network.ts), somebody may have wanted to change. */
function warnOfMove(plan: ClusterPlan, region: string, { vpc }: Network): void {
  pulumi.all([vpc.region, vpc.ipRange]).apply(([actualRegion, actualRange]) => {
    if (actualRegion === region && actualRange === plan.network) return;
    pulumi.log.warn(
      `The cluster stays in ${actualRegion}, on ${actualRange}: neither can change while it lives. To move it to ` +
        `${region}, ${plan.network}, destroy the stack and bring it up again`,
    );
  });
}
