import type * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan } from '../plan/plan.ts';
import type { Platform } from '../platform/platform.ts';
import { SshKey } from '../platform/ssh-key.ts';
import { Agents } from './agents.ts';
import { checkBastion } from './bastion.ts';
import { EtcdCluster } from './etcd-cluster.ts';
import { type MachineAccess, meet } from './machine.ts';
import { Pki } from './pki.ts';

/** Machines that trust each other, hold their state together and take units. */
export interface Cluster {
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
export async function createCluster(plan: ClusterPlan, platform: Platform): Promise<Cluster> {
  await checkBastion(plan.proxyJump);
  const login = new SshKey('login', { comment: `flotilla-${plan.name}` });
  const pki = new Pki('pki', { commonName: `flotilla ${plan.name}` });
  const { publicKey, privateKey } = login;
  const { lifetime, emulated, ...made } = await platform.createMachines(plan, publicKey, privateKey);
  const machines = made.machines.map((machine) => meet(machine, privateKey));
  const members = machines.filter(({ etcd }) => etcd);
  const etcd = new EtcdCluster('etcd', { members, emulated, privateKey, pki }, { deletedWith: lifetime });
  const agents = new Agents('agents', { machines, privateKey, etcd, pki }, { deletedWith: lifetime });
  return { lifetime, machines, published: made.published, privateKey, etcd, agents };
}
