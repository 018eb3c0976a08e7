import type * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan } from '../../plan/plan.ts';
import type { Machines, Platform } from '../platform.ts';
import type { Scope } from '../scope.ts';
import { askedHost } from './asked-host.ts';
import { createMachine } from './machines.ts';
import { Network } from './network.ts';

/** Machines that somebody owns already. What stands in the way of using them, the network finds when it looks at them. */
export const hostsPlatform: Platform = {
  async createMachines(
    { machines, identityFile }: ClusterPlan,
    authorizedKey: pulumi.Output<string>,
    privateKey: pulumi.Output<string>,
    scope: Scope,
  ): Promise<Machines> {
    const login = { ...(identityFile === undefined ? {} : { identityFile }), authorizedKey, privateKey };
    const hosts = machines.map((plan) => ({ plan, host: askedHost(plan) }));
    const network = new Network(
      scope.name('network'),
      { hosts: hosts.map(({ host }) => host), ...login },
      scope.options,
    );
    return {
      lifetime: network,
      emulated: network.emulated,
      machines: hosts.map(({ plan, host }) => createMachine(plan, host, { network, scope, ...login })),
      published: [],
    };
  },
};
