import type * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan, MachinePlan } from '../../plan/plan.ts';
import type { Machines, Platform } from '../platform.ts';
import type { Scope } from '../scope.ts';
import { createMachine } from './machines.ts';
import { type HostArgs, Network } from './network.ts';

/** Machines that somebody owns already. What stands in the way of using them, the network finds when it looks at them. */
export const hostsPlatform: Platform = {
  async createMachines(
    { machines, identityFile }: ClusterPlan,
    authorizedKey: pulumi.Output<string>,
    privateKey: pulumi.Output<string>,
    scope: Scope,
  ): Promise<Machines> {
    const login = { ...(identityFile === undefined ? {} : { identityFile }), authorizedKey, privateKey };
    const hosts = machines.map((plan) => ({ plan, host: hostArgs(plan) }));
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

/** The config's check has seen to it that each machine has a host. */
function hostArgs(plan: MachinePlan): HostArgs {
  const { name, group, host, cpus, memory, disk, etcd, address: clusterAddress } = plan;
  if (!host) throw new TypeError(`${name} was planned without a host`);
  const { address, port, user, hostKey } = host;
  const index = Number(name.slice(group.length + 1)) - 1;
  return {
    ...{ name, address, port, user, hostKey, clusterAddress, cpus, memory, disk, etcd },
    path: `flotilla:hosts.machines.${group}.${index}`,
    groupPath: `flotilla:machines.${group}`,
  };
}
