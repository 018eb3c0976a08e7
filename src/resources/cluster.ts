import * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan } from '../plan/plan.ts';
import { planWarnings } from '../plan/warnings.ts';
import type { Platform } from '../platform/platform.ts';
import type { Scope } from '../platform/scope.ts';
import { SshKey } from '../platform/ssh-key.ts';
import { Agents } from './agents.ts';
import { checkBastion } from './bastion.ts';
import { EtcdCluster } from './etcd-cluster.ts';
import { type MachineAccess, meet } from './machine.ts';
import { Pki } from './pki.ts';

/** What makes a cluster: machines that trust each other, hold their state together and take units. */
export interface ClusterParts {
  readonly lifetime: pulumi.Resource;
  readonly machines: readonly MachineAccess[];
  readonly published: readonly pulumi.Input<string>[];
  readonly privateKey: pulumi.Output<string>;
  readonly etcd: EtcdCluster;
  readonly agents: Agents;
}

/**
 * Declares machines → first contact → etcd → agents; each step lists the outputs of the one before.
 *
 * @throws InvalidInput, before anything is declared, when the bastion or the platform can't be used.
 */
export async function createCluster(
  plan: ClusterPlan,
  platform: Platform,
  scope: Scope,
): Promise<ClusterParts> {
  await checkBastion(plan.proxyJump);
  for (const warning of planWarnings(plan)) pulumi.log.warn(warning);
  const { name, options } = scope;
  const login = new SshKey(name('login'), { comment: `flotilla-${plan.name}` }, options);
  const commonName = `flotilla ${plan.name}`;
  const pki = new Pki(name('pki'), { commonName, names: 'machines' }, options);
  const services = new Pki(
    name('services-pki'),
    { commonName: `${commonName} services`, names: 'services' },
    options,
  );
  const { publicKey, privateKey } = login;
  const { lifetime, emulated, ...made } = await platform.createMachines(plan, publicKey, privateKey, scope);
  const machines = made.machines.map((machine) => meet(machine, plan, privateKey, scope));
  const members = machines.filter(({ etcd }) => etcd);
  const lasting = { ...options, deletedWith: lifetime };
  const etcd = new EtcdCluster(name('etcd'), { members, emulated, privateKey, pki }, lasting);
  const { serviceKeys, templateKeys } = plan;
  const followed = Object.fromEntries(
    plan.machines.flatMap((machine) => (machine.followed ? [[machine.name, machine.followed]] : [])),
  );
  const agents = new Agents(
    name('agents'),
    { machines, privateKey, etcd, serviceKeys, templateKeys, followed, pki, services },
    lasting,
  );
  return { lifetime, machines, published: made.published, privateKey, etcd, agents };
}
